// SPDX-License-Identifier: Apache-2.0
// What name servers send, and resolv.conf. The first byte says which.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "plugins/probe_dns/dns_message.hpp"
#include "plugins/probe_dns/name_server.hpp"

namespace {

using namespace cxedge::plugins;

// A name has 255 bytes, each at most four letters as text.
constexpr std::size_t kLongestName = 255 * 4;

void require(bool good) {
    if (!good) {
        std::abort();
    }
}

void check_message(std::string_view bytes) {
    const auto message = read_dns_message(bytes);
    if (!message) {
        return;
    }
    require(message->name.size() <= kLongestName);
    for (const DnsRecord& record : message->answers) {
        require(record.owner.size() <= kLongestName);
        require(record.text.size() <= bytes.size() * 4 + 2 * kLongestName + 64);
    }
    // What came can be asked for, and then is the question that it answers.
    if (message->asks && check_dns_name(message->name).empty()) {
        DnsQuestion question;
        question.name = message->name;
        question.type = static_cast<DnsType>(message->type);
        question.id = message->id;
        const auto again = read_dns_message(dns_query(question));
        require(again && again->name == message->name && again->type == message->type);
    }
}

void check_stream(std::string_view bytes) {
    DnsFramer at_once;
    at_once.feed(bytes);
    DnsFramer in_pieces;
    std::size_t whole = 0;
    std::size_t pieces = 0;
    while (at_once.next()) {
        ++whole;
    }
    for (const char c : bytes) {
        in_pieces.feed(std::string_view(&c, 1));
        while (in_pieces.next()) {
            ++pieces;
        }
    }
    require(whole == pieces);
}

void check_question(std::string_view bytes) {
    const std::string name(bytes);
    static_cast<void>(dns_reverse_name(name));
    if (!check_dns_name(name).empty()) {
        return;
    }
    DnsQuestion question;
    question.name = dns_random_case(name, bytes.size() * 0x9E3779B97F4A7C15U);
    std::string answer = dns_query(question);
    answer[2] = static_cast<char>(0x80);
    require(answers_question(answer, question) && read_dns_message(answer).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
    switch (data[0] % 4U) {
        case 0:
            check_message(text);
            break;
        case 1:
            check_stream(text);
            break;
        case 2:
            check_question(text);
            break;
        default:
            static_cast<void>(name_server("system", text, 53));
            static_cast<void>(name_server(std::string(text), "", 53));
    }
    return 0;
}
