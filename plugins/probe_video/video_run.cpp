// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_video/video_run.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/core.h>

#include "plugins/probe_video/video_figures.hpp"

namespace cxedge::plugins::video {
namespace {

using probes::FetchReply;
using probes::ProbeResult;

// A request ends a little before the run, so that its reply says which step was too slow.
constexpr std::chrono::milliseconds kReplyMargin{100};
constexpr std::chrono::milliseconds kShortestRequest{1};
// RFC 8216 section 6.3.4: a list that has not changed is asked for again after half of its target.
constexpr double kUnchangedShare = 0.5;
// A list that tells no target, or none of sense.
constexpr double kShortestReloadS = 0.5;
constexpr long kStatusPartial = 206;

double in_seconds(std::chrono::nanoseconds time) {
    return std::chrono::duration<double>(time).count();
}

std::string range_header(const ByteRange& range) {
    return fmt::format("{}-{}", range.first, range.first + range.length - 1);
}

}  // namespace

VideoRun::VideoRun(
    const VideoSettings& settings, std::string url, const probes::ProbeContext& context
)
    : settings_(settings),
      url_(std::move(url)),
      context_(context),
      rule_(variant_rule_of(settings.variant)),
      playout_({in_seconds(settings.buffer), in_seconds(settings.watch)}),
      programme_(in_seconds(settings.watch)),
      pool_(context) {}

void VideoRun::begin(Done done) {
    done_ = std::move(done);
    began_ = context_.clock.steady_now();
    watchdog_ = context_.loop.after(context_.timeout, [this] { give_up(); });
    what_ = "the playlist";
    fetch({url_, std::nullopt}, kLargestPlaylist, true, &VideoRun::took_document);
}

double VideoRun::now_s() const {
    return in_seconds(context_.clock.steady_now() - began_);
}

// ---- Requests

void VideoRun::fetch(const Piece& piece, std::uint64_t most, bool keep, Then then) {
    probes::FetchRequest request;
    request.url = piece.url;
    request.range = piece.range ? range_header(*piece.range) : "";
    request.family = probes::family_of(settings_.family);
    request.ca_file = settings_.ca_file;
    request.tls_verify = settings_.tls_verify;
    const auto left =
        context_.timeout -
        std::chrono::duration_cast<std::chrono::milliseconds>(context_.clock.steady_now() - began_);
    request.timeout = std::max(left - kReplyMargin, kShortestRequest);
    // One more than is good shows what is too large.
    request.max_bytes = most + 1;
    piece_ = piece;
    most_bytes_ = most;
    body_.clear();
    fetch_ = pool_.get(
        std::move(request),
        [this, keep](std::string_view bytes) {
            body_.append(keep ? bytes : std::string_view());
            return true;
        },
        [this, then](const FetchReply& reply) {
            if (usable(reply)) {
                (this->*then)(reply);
            }
        }
    );
}

// False: the run ended because of it.
bool VideoRun::usable(const FetchReply& reply) {
    taken_.address = reply.address.empty() ? taken_.address : reply.address;
    if (reply.result == ProbeResult::capped) {
        end(ProbeResult::capped, "", "the budget for tests is spent");
    } else if (reply.result != ProbeResult::ok) {
        end(reply.result, reply.step, fmt::format("{}: {}", what_, reply.detail));
    } else if (reply.status < 200 || reply.status > 299) {
        const std::string detail = fmt::format("{}: the server says {}", what_, reply.status);
        end(ProbeResult::bad_status, "server", detail);
    } else {
        return fits(reply);
    }
    return false;
}

bool VideoRun::fits(const FetchReply& reply) {
    std::string complaint;
    if (piece_.range && reply.status != kStatusPartial) {
        complaint = "the server does not give byte ranges";
    } else if (piece_.range && reply.received != piece_.range->length) {
        complaint = "not as many bytes as the playlist says";
    } else if (reply.received > most_bytes_) {
        complaint = "too large";
    }
    if (!complaint.empty()) {
        end(ProbeResult::body_mismatch, "server", what_ + ": " + complaint);
    }
    return complaint.empty();
}

void VideoRun::took_document(const FetchReply& reply) {
    if (const Status opened = programme_.open(body_, reply.url); !opened) {
        refuse(opened.error());
        return;
    }
    step();
}

void VideoRun::took_list(const FetchReply& reply) {
    if (const Status taken = programme_.take_list(*track_, body_, reply.url); !taken) {
        refuse(taken.error());
        return;
    }
    step();
}

void VideoRun::took_index(const FetchReply& /*reply*/) {
    if (const Status taken = programme_.take_index(*track_, body_); !taken) {
        refuse(taken.error());
        return;
    }
    step();
}

void VideoRun::took_init(const FetchReply& reply) {
    taken_.bytes += reply.received;
    init_ = piece_;
    step();
}

void VideoRun::took_segment(const FetchReply& reply) {
    const double media_s = programme_.next(*track_)->duration_s;
    programme_.pass(*track_);
    rate_.add(reply.received, in_seconds(reply.times.total));
    taken_.bytes += reply.received;
    taken_.media_s += media_s;
    ++taken_.segments;
    taken_.switches += last_track_ && *last_track_ != *track_ ? 1U : 0U;
    last_track_ = track_;
    track_.reset();
    playout_.add(now_s(), media_s);
    step();
}

// ---- Play

// What comes next, whenever something came or it is time.
void VideoRun::step() {
    playout_.advance(now_s());
    if (playout_.state() == Playout::State::over) {
        end(ProbeResult::ok, "", "");
        return;
    }
    if (playout_.complete()) {
        wait(playout_.buffered_s());
        return;
    }
    choose();
    if (!has_list() || !has_index()) {
        return;
    }
    const Segment* const segment = programme_.next(*track_);
    if (segment != nullptr) {
        fetch_next(*segment);
    } else {
        await_segment();
    }
}

void VideoRun::choose() {
    if (!track_) {
        track_ = choose_track(programme_.tracks(), rule_, rate_.bits_per_s());
    }
}

// False: it is on its way, or the run has ended.
bool VideoRun::has_list() {
    if (programme_.has_list(*track_)) {
        return true;
    }
    if (!programme_.is_dash()) {
        load_list();
        return false;
    }
    const Status listed = programme_.list_track(*track_);
    if (!listed) {
        refuse(listed.error());
    }
    return listed.ok();
}

// Likewise.
bool VideoRun::has_index() {
    const Piece* const index = programme_.index_of(*track_);
    if (index != nullptr) {
        what_ = "the index of a variant";
        fetch(*index, kLargestPlaylist, true, &VideoRun::took_index);
    }
    return index == nullptr;
}

void VideoRun::load_list() {
    list_asked_s_[*track_] = now_s();
    what_ = "the playlist of a variant";
    const Piece list{programme_.tracks()[*track_].list_url, std::nullopt};
    fetch(list, kLargestPlaylist, true, &VideoRun::took_list);
}

void VideoRun::await_segment() {
    if (programme_.ended(*track_)) {
        playout_.no_more(now_s());
        step();
        return;
    }
    const double share = programme_.unchanged() ? kUnchangedShare : 1;
    const double pause_s = std::max(programme_.target_s(*track_) * share, kShortestReloadS);
    const double left_s = list_asked_s_[*track_] + pause_s - now_s();
    if (left_s > 0) {
        wait(left_s);
    } else {
        load_list();
    }
}

void VideoRun::fetch_next(const Segment& segment) {
    const double pause_s = pause_before(segment);
    if (pause_s > 0) {
        track_.reset();
        wait(pause_s);
        return;
    }
    const auto most = static_cast<std::uint64_t>(settings_.max_segment_mib) << 20U;
    const Piece* const init = programme_.init_of(*track_, segment);
    what_ = fmt::format("segment {}", taken_.segments + 1);
    if (init != nullptr && init_ != *init) {
        fetch(*init, most, false, &VideoRun::took_init);
    } else {
        fetch(segment.data, most, false, &VideoRun::took_segment);
    }
}

// So that at most ahead_s are fetched before they are played; never until the buffer is dry.
double VideoRun::pause_before(const Segment& segment) const {
    if (playout_.state() != Playout::State::playing) {
        return 0;
    }
    const double room_s = in_seconds(settings_.ahead) - segment.duration_s;
    return playout_.buffered_s() - std::max(room_s, in_seconds(settings_.buffer));
}

void VideoRun::wait(double seconds) {
    const auto delay = std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1e3) + 1);
    timer_ = context_.loop.after(delay, [this] { step(); });
}

// ---- Ends

void VideoRun::give_up() {
    playout_.advance(now_s());
    const double timeout_s = in_seconds(context_.timeout);
    const std::string detail =
        playout_.initial_buffer_s()
            ? fmt::format(
                  "after {:.0f} s only {:.1f} s had been played", timeout_s, playout_.played_s()
              )
            : fmt::format("no picture within {:.0f} s", timeout_s);
    end(ProbeResult::timeout, "transfer", detail);
}

void VideoRun::refuse(const Error& error) {
    end(ProbeResult::body_mismatch, "playlist", what_ + ": " + error.message);
}

void VideoRun::end(ProbeResult result, std::string step, std::string detail) {
    timer_.cancel();
    watchdog_.cancel();
    fetch_ = {};
    playout_.advance(now_s());
    probes::Finding found = finding();
    found.result = result;
    found.step = std::move(step);
    found.detail = std::move(detail);
    found.figures =
        video_figures({playout_, taken_.bytes, taken_.media_s, taken_.switches, found.result});
    const Done done = std::move(done_);
    done(std::move(found));
}

probes::Finding VideoRun::finding() const {
    probes::Finding found;
    if (!programme_.tracks().empty()) {
        found.facts.emplace_back("format", programme_.format());
        found.facts.emplace_back("live", programme_.live() ? "yes" : "no");
        found.facts.emplace_back("variants", std::to_string(programme_.tracks().size()));
    }
    if (last_track_) {
        const Track& track = programme_.tracks()[*last_track_];
        found.facts.emplace_back(
            "variant", fmt::format("{} {} bit/s", track.name, track.bandwidth)
        );
    }
    found.facts.emplace_back("segments", std::to_string(taken_.segments));
    found.facts.emplace_back("bytes of media", std::to_string(taken_.bytes));
    found.facts.emplace_back("server", taken_.address);
    return found;
}

}  // namespace cxedge::plugins::video
