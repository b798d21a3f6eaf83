// SPDX-License-Identifier: Apache-2.0
// Our reflector on a thread of its own, in a network namespace or in that of the caller.
#pragma once

#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "plugins/stamp_reflector/stamp_reflector.hpp"

#include "tests/plugins/case_folder.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/net_namespace.hpp"

namespace cxedge::test {

inline KernelClock clock_that_is(bool synchronised, std::int64_t error_us) {
    return {true, true, synchronised, error_us, error_us};
}

class ReflectorThread {
public:
    // `settings`: TOML lines of the [[source]] table; `there` null: here.
    explicit ReflectorThread(
        const std::string& settings,
        const NetNamespace* there = nullptr,
        std::function<KernelClock()> clock = kernel_clock
    )
        : source_(std::move(clock)) {
        std::promise<std::string> started;
        thread_ =
            std::thread([this, settings, there, &started] { serve(settings, there, started); });
        const std::string problem = started.get_future().get();
        if (!problem.empty()) {
            thread_.join();
            throw std::runtime_error(problem);
        }
    }
    ReflectorThread(const ReflectorThread&) = delete;
    ReflectorThread& operator=(const ReflectorThread&) = delete;
    ~ReflectorThread() { stop(); }

    [[nodiscard]] std::uint16_t port() const { return port_; }
    // Ends it; then `host` tells what it told.
    FakeHost& stop() {
        if (thread_.joinable()) {
            host_.loop().stop();
            thread_.join();
        }
        return host_;
    }

private:
    void serve(
        const std::string& settings, const NetNamespace* there, std::promise<std::string>& started
    ) {
        std::optional<NetNamespace::Inside> inside;
        if (there != nullptr) {
            inside.emplace(*there);
        }
        SettingsProblems problems;
        source_.init(source_settings("[[source]]\n" + settings), problems);
        host_.real_clock = &clock_;
        const Status begun = problems.empty() ? source_.start(host_) : Status(problems.error());
        port_ = source_.port();
        started.set_value(begun ? "" : begun.error().message);
        if (begun) {
            host_.loop().run();
        }
        source_.stop();
    }

    SystemClock clock_;
    FakeHost host_;
    plugins::StampReflector source_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

}  // namespace cxedge::test
