// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_path/path_run.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "agent/base/fnv.hpp"

namespace cxedge::plugins {
namespace {

using probes::ProbeResult;
using std::chrono::milliseconds;

// What traceroute sends. A SYN is shorter: with data in it, it would be none that servers expect.
constexpr std::size_t kTracePacket = 60;

std::size_t trace_packet(PathMethod method, bool v6) {
    return method == PathMethod::tcp ? ip_header_bytes(v6) + shortest_probe(method) : kTracePacket;
}

// Flows of different targets take different ways where there are several; that of one target stays
// the same, also after a restart. The range of ports is that of IANA for nobody in particular
// (RFC 6335 6), without its end, where the next ones are tried.
constexpr std::uint32_t kFirstSource = 49'152;
constexpr std::uint32_t kSources = 16'000;

// Three losses of the same size in a row are hardly chance.
constexpr int kSizeTries = 3;
// Linux sends one "port unreachable" a second to each host (icmp(7), icmp_ratelimit).
constexpr milliseconds kUdpSizeWait{1'200};
constexpr milliseconds kLeastSizeWait{300};

std::uint16_t usual_source(const probes::Target& target) {
    const std::uint64_t sum = fnv1a(target.name + '\n' + target.address);
    return static_cast<std::uint16_t>(kFirstSource + sum % kSources);
}

int tag_of(const PathTracer::Ask& ask) {
    return ask.ttl * 256 + ask.attempt;
}

PathTracer::Ask ask_of(int tag) {
    return {tag / 256, tag % 256};
}

// Without rights for a socket of that kind.
std::string permission_text(PathMethod method) {
    switch (method) {
        case PathMethod::udp:
            return "this process may not open a UDP socket, or not bind it to the interface";
        case PathMethod::icmp:
            return "ICMP needs CAP_NET_RAW, or the group of this process in "
                   "net.ipv4.ping_group_range; method udp needs neither";
        case PathMethod::tcp:
            break;
    }
    return "TCP SYN probes need CAP_NET_RAW; method udp does not";
}

// The last that answered.
std::string who_said(const std::vector<TracedHop>& hops) {
    std::string who;
    for (const TracedHop& hop : hops) {
        const auto answer = std::find_if(hop.tries.begin(), hop.tries.end(), [](const auto& each) {
            return each.has_value();
        });
        if (answer != hop.tries.end()) {
            who = fmt::format("hop {} ({})", hop.ttl, (*answer)->from);
        }
    }
    return who;
}

double fastest_s(const std::vector<TracedHop>& hops) {
    double fastest = -1;
    for (const std::optional<HopAnswer>& each : hops.back().tries) {
        if (each && (fastest < 0 || each->rtt_s < fastest)) {
            fastest = each->rtt_s;
        }
    }
    return std::max(fastest, 0.0);
}

}  // namespace

PathRun::PathRun(
    const PathPlan& plan,
    probes::Target target,
    const probes::ProbeContext& context,
    std::shared_ptr<PathRecord> record
)
    : plan_(plan), target_(std::move(target)), context_(context), record_(std::move(record)) {}

void PathRun::begin(Done done) {
    done_ = std::move(done);
    deadline_ = context_.loop.after(context_.timeout, [this] { out_of_time(); });
    const auto place = split_host_port(target_.address);
    if (place && place->port) {
        plan_.port = *place->port;
    }
    question_ = context_.resolver.resolve(
        place ? place->host : target_.address,
        plan_.family,
        context_.timeout,
        [this](const Result<probes::Resolver::Found>& found) { resolved(found); }
    );
}

// ---- Trace

void PathRun::resolved(const Result<probes::Resolver::Found>& found) {
    if (ending_) {
        return;
    }
    if (!found) {
        fail(ProbeResult::dns_error, "dns", found.error().message);
        return;
    }
    choose_address(found->addresses);
    begin_trace();
}

// A name with many addresses gives them in turns: the way to another one is not a change.
void PathRun::choose_address(const std::vector<SocketAddress>& found) {
    const auto known = std::find_if(found.begin(), found.end(), [this](const SocketAddress& each) {
        return each.same_host(record_->address);
    });
    address_ = known != found.end() ? *known : found.front();
    address_.set_port(plan_.port);
    if (!address_.same_host(record_->address)) {
        record_->memory.forget();
        record_->address = address_;
    }
}

void PathRun::begin_trace() {
    sender_ = std::make_unique<PathSender>(
        context_,
        PathSender::Events{
            [this](int tag, const PathSender::Answer& answer) { hop_answered(tag, answer); },
            [this](int tag) { hop_expired(tag); },
            [this] { tracer_->go_serial(); },
            [this] {
                went({PathSender::Fate::capped, 0});
            }}
    );
    if (!open(*sender_, plan_.method)) {
        return;
    }
    const std::uint16_t source = sender_->socket().flow().source;
    if (source != record_->source) {
        record_->memory.forget();
        record_->source = source;
    }
    const SeenPath& known = record_->memory.path();
    const int length = plan_.rules.first_hop - 1 + static_cast<int>(known.hops.size());
    tracer_.emplace(plan_.rules, known.whole ? length : 0);
    pump();
}

void PathRun::pump() {
    while (!ending_) {
        const std::optional<PathTracer::Ask> ask = tracer_->next();
        if (!ask) {
            break;
        }
        const std::size_t bytes = trace_packet(plan_.method, address_.is_v6());
        if (!went(sender_->send(tag_of(*ask), ask->ttl, bytes, plan_.wait))) {
            return;
        }
    }
    if (!ending_ && tracer_->done()) {
        end_trace();
    }
}

void PathRun::hop_answered(int tag, const PathSender::Answer& answer) {
    if (!ending_ && !search_) {
        tracer_->answered(ask_of(tag), {answer.from, answer.rtt_s, answer.word});
        pump();
    }
}

void PathRun::hop_expired(int tag) {
    if (!ending_ && !search_) {
        tracer_->unanswered(ask_of(tag));
        pump();
    }
}

void PathRun::end_trace() {
    sender_->forget_all();
    learn();
    if (judge_end() && plan_.mtu) {
        begin_mtu();
        return;
    }
    finish();
}

void PathRun::learn() {
    outcome_.hops = tracer_->hops();
    outcome_.end = tracer_->end();
    const SeenPath seen = seen_path(outcome_.hops, outcome_.end == PathWord::reached);
    if (!seen.hops.empty()) {
        outcome_.change = record_->memory.learn(seen);
    }
}

// False: the target was not reached.
bool PathRun::judge_end() {
    const std::string who = who_said(outcome_.hops);
    switch (outcome_.end) {
        case PathWord::reached:
            return true;
        case PathWord::no_route:
            outcome_.result = ProbeResult::no_route;
            outcome_.detail = who + " knows no way to the target";
            break;
        case PathWord::refused:
            outcome_.result = ProbeResult::refused;
            outcome_.detail = who + " does not let it pass";
            break;
        default:
            outcome_.result = ProbeResult::timeout;
            outcome_.detail = who.empty() ? "no router answers, and the target does not"
                                          : "nobody answers behind " + who;
    }
    outcome_.step = "path";
    return false;
}

// ---- Path MTU

void PathRun::begin_mtu() {
    // A SYN is never that long: UDP does it instead.
    const PathMethod method = plan_.method == PathMethod::icmp ? PathMethod::icmp : PathMethod::udp;
    mtu_sender_ = std::make_unique<PathSender>(
        context_,
        PathSender::Events{
            [this](int size, const PathSender::Answer& answer) { size_answered(size, answer); },
            [this](int size) { size_expired(size); },
            [] {},
            [this] {
                went({PathSender::Fate::capped, 0});
            }}
    );
    sender_.reset();  // its port is taken up again
    if (!open(*mtu_sender_, method)) {
        return;
    }
    search_.emplace(address_.is_v6(), mtu_sender_->socket().largest());
    try_size();
}

void PathRun::try_size() {
    while (!ending_) {
        const std::optional<int> size = search_->next();
        if (!size) {
            end_mtu();
            return;
        }
        const auto bytes = static_cast<std::size_t>(*size);
        const PathSender::Sent sent = mtu_sender_->send(*size, 0, bytes, size_wait());
        if (sent.fate != PathSender::Fate::too_large) {
            went(sent);
            return;
        }
        search_->too_big(*size, 0);
        size_tries_ = 0;
    }
}

void PathRun::size_answered(int size, const PathSender::Answer& answer) {
    if (ending_) {
        return;
    }
    if (answer.word == PathWord::hop) {  // a loop, or another way: as if nobody had answered
        size_expired(size);
        return;
    }
    if (answer.word == PathWord::too_big) {
        search_->too_big(size, answer.mtu);
    } else if (answer.word == PathWord::reached) {
        search_->arrived(size);
    } else {
        search_->silent(size);
    }
    size_tries_ = 0;
    try_size();
}

void PathRun::size_expired(int size) {
    if (ending_) {
        return;
    }
    if (++size_tries_ >= kSizeTries) {
        size_tries_ = 0;
        search_->silent(size);
    }
    try_size();
}

milliseconds PathRun::size_wait() const {
    if (plan_.method != PathMethod::icmp) {
        return std::max(plan_.wait, kUdpSizeWait);
    }
    const milliseconds several{static_cast<int>(fastest_s(outcome_.hops) * 4e3)};
    return std::clamp(kLeastSizeWait + several, kLeastSizeWait, plan_.wait + kLeastSizeWait);
}

void PathRun::end_mtu() {
    outcome_.mtu = search_->found();
    if (!outcome_.mtu) {
        outcome_.mtu_remark = "unknown: the target answers no packets of any size";
    } else if (search_->black_hole()) {
        outcome_.mtu_remark =
            "larger packets vanish and no router says so (a black hole: allow ICMP \"too big\")";
    }
    finish();
}

// ---- The rest

PathSocket::Wish PathRun::wish(PathMethod method) const {
    constexpr std::uint16_t kUdpPort = 33'434;  // of traceroute: nobody listens there
    SocketAddress to = address_;
    if (method != plan_.method) {
        to.set_port(kUdpPort);
    }
    const std::uint16_t source = record_->source != 0 ? record_->source : usual_source(target_);
    return {method, to, context_.interface, source};
}

bool PathRun::open(PathSender& sender, PathMethod method) {
    const PathSocket::Trouble trouble = sender.open(wish(method));
    if (trouble.error == 0) {
        return true;
    }
    if (trouble.of_route) {
        fail_to_send(trouble.error);
        return false;
    }
    const ProbeResult result = probes::result_of_socket(trouble.error);
    const bool forbidden = result == ProbeResult::no_permission;
    fail(
        result,
        "socket",
        forbidden ? permission_text(method)
                  : probes::words_of_socket(trouble.error, context_.interface)
    );
    return false;
}

void PathRun::fail_to_send(int error) {
    fail(probes::result_of_errno(error), "send", probes::words_of_sending(address_.text(), error));
}

bool PathRun::went(const PathSender::Sent& sent) {
    if (ending_ || sent.fate == PathSender::Fate::on_its_way) {
        return !ending_;
    }
    if (sent.fate == PathSender::Fate::capped) {
        fail(ProbeResult::capped, "budget", "the budget for this month is spent");
        return false;
    }
    fail_to_send(sent.error);
    return false;
}

// What is known by now is told: hops that answered, and a target that was reached.
void PathRun::out_of_time() {
    if (ending_) {
        return;
    }
    if (search_) {
        outcome_.mtu_remark = "unknown: the search did not end within timeout_s";
        finish();
        return;
    }
    if (!tracer_) {
        fail(ProbeResult::dns_error, "dns", "no name server answers");
        return;
    }
    learn();
    if (judge_end()) {
        outcome_.mtu_remark = "unknown: no time was left within timeout_s";
    }
    finish();
}

void PathRun::fail(ProbeResult result, std::string step, std::string detail) {
    if (ending_) {
        return;
    }
    if (mtu_sender_ && result != ProbeResult::capped) {  // the way is known, what fits is not
        outcome_.mtu_remark = "unknown: " + detail;
        finish();
        return;
    }
    if (tracer_ && outcome_.hops.empty()) {
        outcome_.hops = tracer_->hops();
    }
    outcome_.result = result;
    outcome_.step = std::move(step);
    outcome_.detail = std::move(detail);
    finish();
}

// In a turn of its own: what ends the run may be in the middle of a socket's call back.
void PathRun::finish() {
    ending_ = true;
    deadline_.cancel();
    end_ = context_.loop.after(milliseconds(0), [this] {
        sender_.reset();
        mtu_sender_.reset();
        const PathReport report{
            target_.name,
            address_.family() == AF_UNSPEC ? std::string() : address_.text(),
            plan_.rules.first_hop,
            plan_.per_hop,
            plan_.mtu};
        done_(path_finding(report, outcome_, record_->memory));
    });
}

}  // namespace cxedge::plugins
