// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/command.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "agent/base/ids.hpp"
#include "agent/wire/topics.hpp"

#include "command.pb.h"

namespace cxedge::wire {
namespace {

constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kUlidLength = 26;
constexpr std::size_t kTimeLength = 10;
constexpr std::size_t kMaxWord = 32;

void append_base32(std::string& out, std::uint64_t value, std::size_t digits) {
    for (std::size_t i = digits; i > 0; --i) {
        out.push_back(kCrockford[(value >> (5 * (i - 1))) & 0x1fU]);
    }
}

bool is_word(std::string_view text) {
    return !text.empty() && text.size() <= kMaxWord &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || c == '_';
           });
}

Status check_names(const cx::v1::Command& in) {
    for (const std::string* name : {&in.tenant(), &in.site(), &in.node()}) {
        if (!valid_topic_name(*name)) {
            return corrupt("the name of its node is none");
        }
    }
    if (!valid_ulid(in.id())) {
        return corrupt("its id is no ULID");
    }
    return is_word(in.op()) ? Status() : Status(corrupt("its operation is no name"));
}

Status check_times(const cx::v1::Command& in) {
    const std::chrono::seconds ttl(in.ttl_s());
    const std::chrono::seconds run(in.max_run_s());
    if (ttl.count() < 1 || ttl > kMaxCommandTtl) {
        return corrupt(fmt::format("ttl_s is {}, must be 1 to 604800", in.ttl_s()));
    }
    if (run.count() < 1 || run > kMaxCommandRun) {
        return corrupt(fmt::format("max_run_s is {}, must be 1 to 3600", in.max_run_s()));
    }
    return {};
}

Result<std::map<std::string, std::string>> args_of(const cx::v1::Command& in) {
    const int count = in.arg_size();
    if (count % 2 != 0 || static_cast<std::size_t>(count) > 2 * kMaxCommandArgs) {
        return corrupt(fmt::format("{} texts are no list of arguments", count));
    }
    std::map<std::string, std::string> args;
    for (int i = 0; i < count; i += 2) {
        const bool fine = is_word(in.arg(i)) && in.arg(i + 1).size() <= kMaxCommandArgBytes;
        if (!fine || !args.emplace(in.arg(i), in.arg(i + 1)).second) {
            return corrupt(fmt::format("argument {} is no name, too long or there twice", i / 2));
        }
    }
    return args;
}

}  // namespace

std::string make_ulid(WallTime now) {
    std::string id;
    append_base32(id, static_cast<std::uint64_t>(unix_ms(now)), kTimeLength);
    append_base32(id, random_u64(), 8);
    append_base32(id, random_u64(), 8);
    return id;
}

bool valid_ulid(std::string_view text) {
    // 128 bits: the first digit holds three.
    return text.size() == kUlidLength && text.front() <= '7' &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return kCrockford.find(c) != std::string_view::npos;
           });
}

std::string encode_command(const Command& command) {
    cx::v1::Command out;
    out.set_tenant(command.tenant);
    out.set_site(command.site);
    out.set_node(command.node);
    out.set_id(command.id);
    out.set_issued_at_ms(unix_ms(command.issued_at));
    out.set_ttl_s(static_cast<std::uint32_t>(command.ttl.count()));
    out.set_max_run_s(static_cast<std::uint32_t>(command.max_run.count()));
    out.set_op(command.op);
    for (const auto& [key, value] : command.args) {
        out.add_arg(key);
        out.add_arg(value);
    }
    return out.SerializeAsString();
}

Result<Command> decode_command(std::string_view body) {
    if (body.size() > kMaxCommandBytes) {
        return exhausted(fmt::format("{} bytes, at most {}", body.size(), kMaxCommandBytes));
    }
    cx::v1::Command in;
    if (!in.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
        return corrupt(fmt::format("{} bytes are not a Command", body.size()));
    }
    for (const Status& fine : {check_names(in), check_times(in)}) {
        if (!fine) {
            return fine.error();
        }
    }
    auto args = args_of(in);
    if (!args) {
        return args.error();
    }
    return Command{
        in.tenant(),
        in.site(),
        in.node(),
        in.id(),
        from_unix_ms(in.issued_at_ms()),
        std::chrono::seconds(in.ttl_s()),
        std::chrono::seconds(in.max_run_s()),
        in.op(),
        std::move(*args)};
}

}  // namespace cxedge::wire
