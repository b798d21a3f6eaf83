// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_tcp/tcp_run.hpp"

#include <utility>

#include <fmt/core.h>

#include "agent/base/printable.hpp"

#include "plugins/_probes/wires.hpp"

namespace cxedge::plugins {
namespace {

using probes::Figure;
using probes::ProbeResult;

// A greeting is longer than no protocol needs.
constexpr std::size_t kMostHeard = 4096;

Figure seconds(
    const std::string& metric, std::vector<Dimension> dims, const std::optional<double>& value
) {
    Figure figure{{{metric, std::move(dims)}, Kind::histogram, "s", {}, 0}, {}};
    if (value) {
        figure.values.push_back(*value);
    }
    return figure;
}

// The first line.
std::string shown(const std::string& heard) {
    constexpr std::size_t kMostShown = 60;
    return printable(std::string_view(heard).substr(0, heard.find_first_of("\r\n")), kMostShown);
}

}  // namespace

TcpRun::TcpRun(
    const TcpSettings& settings,
    const probes::Target& target,
    const probes::ProbeContext& context,
    std::string& last_family
)
    : settings_(settings),
      context_(context),
      last_family_(last_family),
      where_(split_host_port(target.address).value_or(HostPort{})) {}

void TcpRun::begin(Done done) {
    done_ = std::move(done);
    begun_ns_ = probes::monotonic_ns();
    probes::DialRequest request;
    request.host = where_.host;
    request.port = where_.port.value_or(static_cast<std::uint16_t>(settings_.port));
    request.family = probes::family_of(settings_.family);
    request.every_address = settings_.every_address;
    request.timeout = context_.timeout;
    dial_.emplace(context_, std::move(request), [this](probes::Dialled dialled) {
        take(std::move(dialled));
    });
}

void TcpRun::take(probes::Dialled dialled) {
    connected_ns_ = probes::monotonic_ns();
    dialled_ = std::move(dialled);
    if (dialled_.result != ProbeResult::ok) {
        fail(dialled_.result, dialled_.step, dialled_.detail);
        return;
    }
    if (settings_.expect.empty()) {
        finish();
        return;
    }
    // Until here the dial has looked after the time.
    const auto spent = std::chrono::nanoseconds(connected_ns_ - begun_ns_);
    deadline_ = context_.loop.after(
        context_.timeout - std::chrono::duration_cast<std::chrono::milliseconds>(spent),
        [this] { time_is_up(); }
    );
    stream_.emplace(
        context_,
        std::move(dialled_.fd),
        probes::ByteStream::Events{
            [this](std::string_view bytes) { hear(bytes); },
            [this](int error) {
                hung_up(error);
            }}
    );
}

void TcpRun::hear(std::string_view bytes) {
    heard_ += bytes;
    if (heard_.find(settings_.expect) != std::string::npos) {
        greeting_s_ = probes::seconds_since(connected_ns_);
        finish();
    } else if (heard_.size() > kMostHeard) {
        mismatch();
    }
}

void TcpRun::hung_up(int error) {
    if (error == probes::ByteStream::kCapped) {
        fail(ProbeResult::capped, "server", "the budget is used up");
    } else if (!heard_.empty()) {
        mismatch();
    } else {
        fail(
            error == 0 ? ProbeResult::body_mismatch : probes::result_of_errno(error),
            "server",
            "closes the connection without a greeting"
        );
    }
}

// A line that has not ended may still become the right one.
void TcpRun::time_is_up() {
    if (heard_.empty()) {
        fail(ProbeResult::timeout, "server", "takes the connection and says nothing");
    } else if (heard_.find('\n') == std::string::npos) {
        fail(
            ProbeResult::timeout,
            "server",
            fmt::format("greets with \"{}\" so far, and the line does not end", shown(heard_))
        );
    } else {
        mismatch();
    }
}

void TcpRun::mismatch() {
    fail(
        ProbeResult::body_mismatch,
        "server",
        fmt::format("greets with \"{}\", not with what is expected", shown(heard_))
    );
}

void TcpRun::fail(ProbeResult result, const std::string& step, const std::string& detail) {
    finding_.result = result;
    finding_.step = step;
    finding_.detail = detail;
    finish();
}

std::vector<Figure> TcpRun::figures() const {
    const std::string family = last_family_.empty() ? "unknown" : last_family_;
    std::vector<Figure> all{seconds("net.tcp.connect", {{"af", family}}, dialled_.connect_s)};
    if (!probes::is_numeric(where_.host)) {
        all.push_back(seconds("net.tcp.resolve", {}, dialled_.resolve_s));
    }
    if (!settings_.expect.empty()) {
        all.push_back(seconds("net.tcp.greeting", {}, greeting_s_));
    }
    return all;
}

// The last thing that a run does.
void TcpRun::finish() {
    deadline_.cancel();
    if (dialled_.addressed) {
        last_family_ = probes::family_text(dialled_.address);
        finding_.facts.emplace_back("address", dialled_.address.text());
    }
    for (const std::string& each : dialled_.skipped) {
        finding_.facts.emplace_back("skipped", each);
    }
    if (!heard_.empty()) {
        finding_.facts.emplace_back("greeting", shown(heard_));
    }
    finding_.figures = figures();
    dialled_.fd.reset();
    stream_.reset();
    dial_.reset();
    const Done done = std::move(done_);
    done(std::move(finding_));
}

}  // namespace cxedge::plugins
