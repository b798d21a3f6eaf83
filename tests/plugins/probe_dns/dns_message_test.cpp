// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_dns/dns_message.hpp"

#include "plugins/probe_dns/name_server.hpp"
#include "plugins/probe_dns/wire_reader.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using namespace cxedge::plugins;

std::string bytes_of(const std::vector<int>& numbers) {
    std::string bytes;
    for (const int each : numbers) {
        bytes += static_cast<char>(each);
    }
    return bytes;
}

// Header of an answer to "a." with so many answers, and that question.
std::string answer_head(int answers) {
    return bytes_of({0x12, 0x34, 0x81, 0x80, 0, 1, 0, answers, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1});
}

DnsQuestion question_of(const std::string& name) {
    DnsQuestion question;
    question.name = name;
    question.id = 0x1234;
    return question;
}

}  // namespace

TEST_CASE("probe_dns: a question is what RFC 1035 and 6891 say", "[plugins]") {
    const std::string expected =
        bytes_of({0x12, 0x34, 1, 0, 0, 1, 0, 0, 0,  0, 0,    1, 3, 'w', 'W', 'w', 1,
                  'x',  0,    0, 1, 0, 1, 0, 0, 41, 4, 0xD0, 0, 0, 0,   0,   0,   0});
    CHECK(dns_query(question_of("wWw.x")) == expected);
    CHECK(dns_query(question_of("wWw.x.")) == expected);
    DnsQuestion plain = question_of("x");
    plain.edns = false;
    plain.recursion = false;
    CHECK(
        dns_query(plain) ==
        bytes_of({0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'x', 0, 0, 1, 0, 1})
    );
}

TEST_CASE("probe_dns: names that cannot be asked for are told", "[plugins]") {
    for (const char* good : {".", "a", "a.b.", "_dmarc.x-1.example", "a\\.b.c", "\\065.example"}) {
        INFO(good);
        CHECK(check_dns_name(good).empty());
    }
    const std::string label(63, 'x');
    CHECK(check_dns_name(label + "." + label + "." + label + "." + std::string(61, 'y')).empty());
    for (const std::string& bad :
         {std::string(),
          std::string(".."),
          std::string("a..b"),
          std::string(".a"),
          label + "x",
          label + "." + label + "." + label + "." + label,
          std::string("a b"),
          std::string("\xC3\xBC.de"),
          std::string("a\\"),
          std::string("\\999"),
          std::string("\\12")}) {
        INFO(bad);
        CHECK_FALSE(check_dns_name(bad).empty());
    }
}

TEST_CASE("probe_dns: escaped names go out and come back", "[plugins]") {
    const std::string query = dns_query(question_of("a\\.b.\\007c.d"));
    const auto read = read_dns_message(query);
    REQUIRE(read);
    CHECK(read->name == "a\\.b.\\007c.d");
    CHECK(read->asks);
}

TEST_CASE("probe_dns: pointers that do not lead to the front are corrupt", "[plugins]") {
    const auto record_at = [](int low) {
        return bytes_of({0xC0, low, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 1});
    };
    const auto good = read_dns_message(answer_head(1) + record_at(12));
    REQUIRE(good);
    CHECK(good->answers.at(0).owner == "a");
    CHECK(good->answers.at(0).text == "192.0.2.1");
    CHECK(good->answers.at(0).ttl == 9);
    // At itself, behind itself, past the end.
    for (const int low : {19, 21, 30, 255}) {
        INFO(low);
        CHECK_FALSE(read_dns_message(answer_head(1) + record_at(low)));
    }
    // Two that point at each other, by way of a label.
    const std::string pair = bytes_of({1, 'x', 0xC0, 19, 0, 1, 0, 1, 0, 0, 0, 9, 0, 0});
    CHECK_FALSE(read_dns_message(answer_head(1) + pair));
}

TEST_CASE("probe_dns: a name has as many pointers as it may have labels", "[plugins]") {
    // The root, and pointers each of which leads to the one before.
    std::string message = bytes_of({0});
    for (int to = 0; message.size() < 2 * 130; to = static_cast<int>(message.size()) - 2) {
        message += bytes_of({0xC0 | to >> 8, to & 0xFF});
    }
    const auto through = [&](std::size_t pointers) {
        WireReader reader(message);
        reader.go_to(2 * pointers - 1);
        return reader.name();
    };
    CHECK(through(1) == ".");
    CHECK(through(127) == ".");
    CHECK(through(128).empty());
}

TEST_CASE("probe_dns: an answer cut anywhere is corrupt, not read past its end", "[plugins]") {
    const std::string whole =
        answer_head(2) + bytes_of({0xC0, 12, 0, 16, 0, 1, 0, 0, 0, 9, 0, 4, 3, 'a', 'b', 'c'}) +
        bytes_of({0xC0, 12, 0, 15, 0, 1, 0x80, 0, 0, 9, 0, 5, 0, 10, 1, 'm', 0});
    const auto read = read_dns_message(whole);
    REQUIRE(read);
    CHECK(read->answers.at(0).text == "abc");
    CHECK(read->answers.at(1).text == "10 m");
    CHECK(read->answers.at(1).ttl == 0);  // RFC 2181 section 8
    for (std::size_t size = 0; size < whole.size(); ++size) {
        INFO(size);
        CHECK_FALSE(read_dns_message(std::string_view(whole).substr(0, size)));
    }
    // Lengths inside that do not fit: of a text piece, of an address.
    CHECK_FALSE(read_dns_message(
        answer_head(1) + bytes_of({0xC0, 12, 0, 16, 0, 1, 0, 0, 0, 9, 0, 2, 3, 'a', 'b', 'c'})
    ));
    CHECK_FALSE(read_dns_message(
        answer_head(1) + bytes_of({0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 3, 1, 2, 3})
    ));
}

TEST_CASE("probe_dns: only the very question is answered", "[plugins]") {
    DnsQuestion question = question_of("a");
    const std::string right = answer_head(0);
    CHECK(answers_question(right, question));
    CHECK_FALSE(answers_question(dns_query(question), question));  // the question itself
    std::string changed = right;
    changed[1] = 0x35;
    CHECK_FALSE(answers_question(changed, question));
    changed = right;
    changed[13] = 'A';
    CHECK_FALSE(answers_question(changed, question));
    changed = right;
    changed[16] = 28;
    CHECK_FALSE(answers_question(changed, question));
    CHECK_FALSE(answers_question(right.substr(0, 15), question));
    // A server that cannot read the question need not repeat it, one that answers has to.
    std::string bare = bytes_of({0x12, 0x34, 0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0});
    CHECK(answers_question(bare, question));
    bare[3] = 0;
    CHECK_FALSE(answers_question(bare, question));
}

TEST_CASE("probe_dns: rcodes are extended by EDNS0", "[plugins]") {
    std::string badvers = bytes_of({0x12, 0x34, 0x81, 0x80, 0, 1, 0,  0, 0,    0, 0, 1, 1, 'a', 0,
                                    0,    1,    0,    1,    0, 0, 41, 4, 0xD0, 1, 0, 0, 0, 0,   0});
    const auto read = read_dns_message(badvers);
    REQUIRE(read);
    CHECK(read->rcode == 16);
    CHECK(dns_rcode_name(16) == "RCODE16");
    CHECK(dns_rcode_names().at(dns_rcode_place(16)) == "OTHER");
    CHECK(dns_rcode_name(2) == "SERVFAIL");
}

TEST_CASE("probe_dns: large and small letters follow the random bits", "[plugins]") {
    CHECK(dns_random_case("abc.de1", 0) == "abc.de1");
    CHECK(dns_random_case("ABC.DE1", ~std::uint64_t{0}) == "ABC.DE1");
    CHECK(dns_random_case("aBcd", 0b1001) == "AbcD");
}

TEST_CASE("probe_dns: addresses are asked for backwards", "[plugins]") {
    CHECK(dns_reverse_name("192.0.2.1") == "1.2.0.192.in-addr.arpa");
    CHECK(
        dns_reverse_name("2001:db8::567:89ab") ==
        "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
    );
    CHECK_FALSE(dns_reverse_name("www.example"));
}

TEST_CASE("probe_dns: messages of a stream come in any pieces", "[plugins]") {
    const std::string wire = DnsFramer::framed("hello") + DnsFramer::framed("") +
                             DnsFramer::framed(std::string(300, 'x'));
    DnsFramer framer;
    std::vector<std::string> got;
    for (const char c : wire) {
        framer.feed(std::string_view(&c, 1));
        while (const auto message = framer.next()) {
            got.push_back(*message);
        }
    }
    CHECK(got == std::vector<std::string>{"hello", "", std::string(300, 'x')});
}

TEST_CASE("probe_dns: a target is a server, or the system's", "[plugins]") {
    const auto told = [](const std::string& text, const std::string& conf = "") {
        const auto server = name_server(text, conf, 53);
        return server ? server->host + " " + std::to_string(server->port) : server.error().message;
    };
    CHECK(told("9.9.9.9") == "9.9.9.9 53");
    CHECK(told("[2620:fe::9]:54") == "2620:fe::9 54");
    CHECK(told("2620:fe::9") == "2620:fe::9 53");
    CHECK(told("dns.example:853") == "dns.example 853");
    CHECK(
        told("system", "# x\nnameserver\t192.0.2.7 # y\nnameserver 192.0.2.8\n") == "192.0.2.7 53"
    );
    CHECK(told("system", "nameservers 192.0.2.7\nnameserver nonsense\nnameserver ::1") == "::1 53");
    CHECK(told("system") == "the system has no name server");
    CHECK(told("[::1") == check_name_server("[::1"));
}

}  // namespace cxedge::test
