// SPDX-License-Identifier: Apache-2.0
// A live box that follows operations: its broker, a platform that acknowledges, an application that
// counts what was promised to it, and operations with a key. Thread: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/remote/twin.hpp"

#include "tests/e2e/campaign.hpp"
#include "tests/e2e/operations.hpp"
#include "tests/support/test_ca.hpp"

namespace cxedge::test {

// Prints that the test is skipped where a program it needs is not installed.
bool cannot_follow_here();

struct FollowedOptions {
    std::string site;                  // further TOML of the site's file
    std::vector<std::string> starter;  // as in Box
    std::string plugin_dir;            // likewise
    bool tls = false;                  // the broker's certificate is of ca()
};

class FollowedBox {
public:
    explicit FollowedBox(const FollowedOptions& options = {});

    [[nodiscard]] Box& box() { return *box_; }
    [[nodiscard]] Operations& operations() { return *operations_; }
    [[nodiscard]] const SigningPair& signer() const { return signer_; }
    [[nodiscard]] Platform& platform() { return *platform_; }
    [[nodiscard]] std::string file(const std::string& name) const { return dir_.file(name); }
    [[nodiscard]] const MosquittoServer& broker() const { return *broker_; }
    // With TLS.
    [[nodiscard]] const TestCa& ca() const { return *ca_; }

    // For this box, of the next generation.
    [[nodiscard]] wire::Desired document(const std::string& config, std::chrono::seconds trial);
    // Signs and publishes it retained, as push does.
    void offer(const wire::Desired& desired);
    // What became of the document; nothing when that took longer than its trial and 30 s from now.
    std::optional<wire::Reported> landed(const wire::Desired& desired);
    // The twin's state on the box's disk.
    [[nodiscard]] remote::TwinState on_disk() const;

    // The application goes on: so many more were answered "ok".
    [[nodiscard]] bool takes_more(std::size_t samples = 20) const;
    // The application ends; received + declared gaps + dead letters == promised, each once.
    void check_equation();

private:
    TempDir dir_;
    SigningPair signer_;
    std::unique_ptr<TestCa> ca_;
    std::unique_ptr<MosquittoServer> broker_;
    std::unique_ptr<Platform> platform_;
    std::unique_ptr<Box> box_;
    std::unique_ptr<Operations> operations_;
    std::unique_ptr<KpiFeeder> feeder_;
    std::uint64_t generation_ = 0;
};

}  // namespace cxedge::test
