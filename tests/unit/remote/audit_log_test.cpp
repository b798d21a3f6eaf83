// SPDX-License-Identifier: Apache-2.0
#include "agent/remote/audit_log.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include "agent/base/durable_file.hpp"
#include "agent/base/unique_fd.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::remote {
namespace {

AuditEntry entry(int number) {
    return {
        from_unix_ms(1000 + number),
        "a1b2",
        "config",
        fmt::format("generation {}", number),
        "confirmed",
        ""};
}

std::string text_of(const std::string& path) {
    const auto text = load_file(path, 1U << 20U);
    REQUIRE(text);
    return *text;
}

TEST_CASE("audit: what is written is read, in order and whole", "[remote]") {
    const test::TempDir dir;
    const std::string path = dir.file("audit.log");
    for (int i = 0; i < 5; ++i) {
        REQUIRE(AuditLog(path).append(entry(i)));
    }
    const auto report = read_audit(path);
    REQUIRE(report);
    CHECK(report->problems.empty());
    REQUIRE(report->entries.size() == 5);
    CHECK(report->entries[3] == entry(3));
    CHECK(report->first == 1);
}

TEST_CASE("audit: every changed byte is noticed", "[remote]") {
    const test::TempDir dir;
    const std::string path = dir.file("audit.log");
    for (int i = 0; i < 3; ++i) {
        REQUIRE(AuditLog(path).append(entry(i)));
    }
    const std::string text = text_of(path);
    for (std::size_t at = 0; at < text.size(); ++at) {
        std::string changed = text;
        changed[at] = changed[at] == 'x' ? 'y' : 'x';
        INFO("byte " << at);
        CHECK_FALSE(verify_audit(changed).problems.empty());
    }
}

TEST_CASE("audit: a line taken out or put in is noticed", "[remote]") {
    const test::TempDir dir;
    const std::string path = dir.file("audit.log");
    for (int i = 0; i < 3; ++i) {
        REQUIRE(AuditLog(path).append(entry(i)));
    }
    const std::string text = text_of(path);
    const std::size_t first = text.find('\n') + 1;
    const std::size_t second = text.find('\n', first) + 1;
    const std::string middle = text.substr(first, second - first);
    CHECK_FALSE(verify_audit(text.substr(0, first) + text.substr(second)).problems.empty());
    CHECK_FALSE(verify_audit(text.substr(0, second) + middle + text.substr(second)).problems.empty()
    );
    CHECK_FALSE(verify_audit(text.substr(0, text.size() - 1)).problems.empty());
    CHECK_FALSE(verify_audit(text + "and more\n").problems.empty());
}

TEST_CASE("audit: a full log lets its older half go and stays a chain", "[remote]") {
    const test::TempDir dir;
    const std::string path = dir.file("audit.log");
    constexpr std::size_t kMost = 2000;
    AuditLog log(path, kMost);
    for (int i = 0; i < 60; ++i) {
        REQUIRE(log.append(entry(i)));
        const auto report = read_audit(path);
        REQUIRE(report);
        CHECK(report->problems.empty());
        CHECK(report->last == static_cast<std::uint64_t>(i) + 1);
        CHECK(text_of(path).size() < kMost + 200);
    }
    CHECK(read_audit(path)->first > 1);
}

TEST_CASE("audit: half a line of a power cut does not spoil what follows", "[remote]") {
    const test::TempDir dir;
    const std::string path = dir.file("audit.log");
    REQUIRE(AuditLog(path).append(entry(0)));
    REQUIRE(replace_file(path, text_of(path) + "2\t100", kPrivateFile));
    REQUIRE(AuditLog(path).append(entry(1)));
    const auto report = read_audit(path);
    REQUIRE(report);
    CHECK(report->problems.empty());
    CHECK(report->entries.size() == 2);
}

TEST_CASE("audit: half a line is told by verify, cut by the next entry", "[remote]") {
    const test::TempDir dir;
    const std::string path = dir.file("audit.log");
    for (const std::string& torn : {std::string("3\t100"), std::string(20, '\0')}) {
        REQUIRE(remove_file(path));
        REQUIRE(AuditLog(path).append(entry(0)));
        REQUIRE(AuditLog(path).append(entry(1)));
        const std::string whole = text_of(path);
        REQUIRE(replace_file(path, whole + torn, kPrivateFile));
        const auto found = read_audit(path);
        REQUIRE(found);
        REQUIRE(found->problems.size() == 1);
        CHECK(found->problems[0].find("line 3: is cut off") == 0);
        CHECK(found->entries.size() == 2);
        REQUIRE(AuditLog(path).append(entry(2)));
        CHECK(text_of(path).substr(0, whole.size()) == whole);
        CHECK(read_audit(path)->problems.empty());
        CHECK(read_audit(path)->last == 3);
    }
}

TEST_CASE("audit: an entry adds a line and does not write the file anew", "[remote]") {
    const test::TempDir dir;
    const std::string path = dir.file("audit.log");
    REQUIRE(AuditLog(path).append(entry(0)));
    const auto inode = [&path] {
        struct stat found {};
        REQUIRE(::stat(path.c_str(), &found) == 0);
        return found.st_ino;
    };
    // A file that takes its place has another number while this one is open.
    const UniqueFd held(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const auto before = inode();
    for (int i = 1; i < 20; ++i) {
        REQUIRE(AuditLog(path).append(entry(i)));
    }
    CHECK(inode() == before);
    CHECK(read_audit(path)->last == 20);
}

TEST_CASE("audit: a text without end is cut, the next entry goes on", "[remote]") {
    const test::TempDir dir;
    const std::string path = dir.file("audit.log");
    AuditEntry endless = entry(0);
    endless.detail = std::string(100'000, 'x');
    REQUIRE(AuditLog(path).append(endless));
    REQUIRE(AuditLog(path).append(entry(1)));
    CHECK(read_audit(path)->problems.empty());
    CHECK(read_audit(path)->last == 2);
    CHECK(text_of(path).size() < 4096);
}

TEST_CASE("audit: texts cannot forge columns or lines", "[remote]") {
    const test::TempDir dir;
    const std::string path = dir.file("audit.log");
    AuditEntry forged = entry(0);
    forged.detail = "a\tb\n2\tc";
    REQUIRE(AuditLog(path).append(forged));
    const auto report = read_audit(path);
    REQUIRE(report);
    CHECK(report->problems.empty());
    REQUIRE(report->entries.size() == 1);
    CHECK(report->entries[0].detail == "a b 2 c");
}

}  // namespace
}  // namespace cxedge::remote
