// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <unistd.h>

#include "agent/base/printable.hpp"

#include "plugins/_devices/child_group.hpp"
#include "plugins/_devices/line_sources.hpp"
#include "plugins/_devices/line_splitter.hpp"

namespace cxedge::devices {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kReadAtOnce = 65'536;
constexpr milliseconds kFirstRestart{1'000};
constexpr milliseconds kLastRestart{60'000};
constexpr milliseconds kRunsWell{10'000};  // so long, and it counts as healthy
constexpr milliseconds kRefused{1'000};    // until a refused line is offered again
constexpr milliseconds kPoliteEnd{2'000};  // between SIGTERM and SIGKILL
constexpr milliseconds kStopEnd{1'000};    // the same in stop, which everybody waits for
constexpr milliseconds kLookForEnd{250};   // where the kernel does not tell
constexpr int kSilenceParts = 4;
// Of standard error in the log.
constexpr std::size_t kLongestError = 300;
constexpr int kErrorLines = 10;
constexpr std::chrono::minutes kErrorPeriod{1};

double seconds(milliseconds time) {
    return std::chrono::duration<double>(time).count();
}

// Standard error as lines of the log, so many a minute; the rest is counted.
class ErrorLog {
public:
    explicit ErrorLog(Host& host) : host_(host) {}

    void take(std::string_view bytes) {
        lines_.feed(bytes, [this](std::string_view line, bool too_long) {
            say(too_long ? std::string_view("(a line that is too long)") : line);
        });
    }
    // The run is over.
    void end() {
        lines_.end([this](std::string_view line, bool too_long) { say(too_long ? "" : line); });
    }

private:
    void say(std::string_view line) {
        if (!period_) {
            period_ = host_.loop().after(kErrorPeriod, [this] { end_period(); });
        }
        if (++said_ > kErrorLines) {
            ++left_out_;
            return;
        }
        host_.log(log::Level::warn, "standard error: " + printable(line, kLongestError));
    }
    void end_period() {
        period_ = LoopHandle();
        said_ = 0;
        if (const std::size_t left_out = std::exchange(left_out_, 0); left_out > 0) {
            host_.log(log::Level::warn, fmt::format("standard error: {} more lines", left_out));
        }
    }

    Host& host_;
    LineSplitter lines_{4'096};
    int said_ = 0;
    std::size_t left_out_ = 0;
    LoopHandle period_;
};

class Child final : public ChildLines {
public:
    Child(const ChildSettings& settings, Host& host, TakeLine take)
        : settings_(settings),
          host_(host),
          take_(std::move(take)),
          splitter_(settings.longest_line),
          error_log_(host),
          buffer_(kReadAtOnce) {
        if (settings_.interval.count() > 0) {
            next_run_ = host_.loop().every(settings_.interval, [this] { run_again(); });
        }
        // Not from within start(): its caller has not got this yet.
        first_run_ = host_.loop().after(milliseconds(0), [this] { run(); });
    }

    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() override {
        if (group_) {
            group_->ask_to_end();
            group_->finish(kStopEnd);
        }
    }

private:
    [[nodiscard]] bool is_repeated() const { return settings_.interval.count() > 0; }
    void run_again();
    void run();
    void watch();
    void read_output();
    bool read_once();
    void take_text(std::string_view text, bool too_long);
    bool give_line(const std::string& text);
    void give();
    void read_errors();
    void watch_time();
    void look_for_silence();
    void end_it(std::string why);
    void look_for_end();
    void drain();
    void ended();
    void run_is_over(const std::string& problem);
    void is_well();
    void set_problem(const std::string& problem);

    const ChildSettings settings_;
    Host& host_;
    TakeLine take_;
    std::optional<ChildGroup> group_;
    LineSplitter splitter_;
    ErrorLog error_log_;
    std::vector<char> buffer_;
    std::deque<std::string> waiting_;  // lines that are not taken yet: at most of one read
    std::uint64_t runs_ = 0;
    milliseconds restart_ = kFirstRestart;
    std::string killed_for_;  // why we ended it; empty: we did not
    int silent_parts_ = 0;
    bool is_ending_ = false;
    bool is_draining_ = false;
    bool said_too_long_ = false;
    std::string problem_;
    LoopHandle output_;
    LoopHandle errors_;
    LoopHandle end_;
    LoopHandle next_run_;
    LoopHandle first_run_;
    LoopHandle retry_;  // of a refused line
    LoopHandle time_;   // of a run, of silence
    LoopHandle kill_;
    LoopHandle well_;
};

void Child::run_again() {
    if (!group_ && waiting_.empty()) {
        run();
    }
}

void Child::run() {
    first_run_ = LoopHandle();
    Result<ChildGroup> started = ChildGroup::start(settings_.command);
    if (!started) {
        run_is_over("the program cannot be started: " + started.error().message);
        return;
    }
    group_.emplace(std::move(*started));
    ++runs_;
    killed_for_.clear();
    silent_parts_ = 0;
    splitter_.clear();
    watch();
    watch_time();
    if (!is_repeated()) {
        well_ = host_.loop().after(kRunsWell, [this] { is_well(); });
    }
}

void Child::watch() {
    EventLoop& loop = host_.loop();
    output_ = loop.when_readable(group_->output(), [this] { read_output(); });
    errors_ = loop.when_readable(group_->errors(), [this] { read_errors(); });
    end_ = group_->end_watch() >= 0
               ? loop.when_readable(group_->end_watch(), [this] { look_for_end(); })
               : loop.every(kLookForEnd, [this] { look_for_end(); });
}

void Child::watch_time() {
    if (settings_.timeout.count() == 0) {
        return;
    }
    if (is_repeated()) {
        time_ = host_.loop().after(settings_.timeout, [this] {
            end_it(fmt::format("it ran longer than {} s", seconds(settings_.timeout)));
        });
    } else {
        const milliseconds part = std::max(settings_.timeout / kSilenceParts, milliseconds(1));
        time_ = host_.loop().every(part, [this] { look_for_silence(); });
    }
}

void Child::look_for_silence() {
    // While storage refuses it is not its fault.
    silent_parts_ = waiting_.empty() ? silent_parts_ + 1 : 0;
    if (silent_parts_ > kSilenceParts) {
        end_it(fmt::format("it said nothing for {} s", seconds(settings_.timeout)));
    }
}

void Child::end_it(std::string why) {
    time_ = LoopHandle();
    killed_for_ = std::move(why);
    group_->ask_to_end();
    kill_ = host_.loop().after(kPoliteEnd, [this] { ended(); });
}

void Child::read_output() {
    if (!read_once()) {
        output_ = LoopHandle();  // its end, or lines that wait
    }
}

// False: nothing more for now.
bool Child::read_once() {
    if (!group_ || !waiting_.empty()) {
        return false;
    }
    const ssize_t got = ::read(group_->output(), buffer_.data(), buffer_.size());
    if (got <= 0) {
        return got < 0 && (errno == EINTR || (errno == EAGAIN && !is_draining_));
    }
    silent_parts_ = 0;
    splitter_.feed(
        {buffer_.data(), static_cast<std::size_t>(got)},
        [this](std::string_view text, bool too_long) { take_text(text, too_long); }
    );
    give();
    return waiting_.empty();
}

void Child::take_text(std::string_view text, bool too_long) {
    if (!too_long) {
        waiting_.emplace_back(text);
        return;
    }
    if (!std::exchange(said_too_long_, true)) {
        Event event;
        event.name = "device.bad_message";
        event.severity = Severity::warning;
        event.subject = host_.source_name();
        event.text = fmt::format(
            "a line of the program is longer than {} bytes and is skipped", settings_.longest_line
        );
        event.attrs = {{"source", std::string(host_.source_name())}};
        host_.log(log::Level::warn, event.text);
        host_.emit_event(std::move(event));
    }
}

// False: storage refuses it.
bool Child::give_line(const std::string& text) {
    const Line line{text, {}, settings_.command.front(), runs_};
    const Status taken = text.empty() ? Status() : take_(line);
    return taken || taken.error().code != ErrorCode::exhausted;
}

// Lines in their order until one is refused.
void Child::give() {
    while (!waiting_.empty() && give_line(waiting_.front())) {
        waiting_.pop_front();
    }
    if (!waiting_.empty()) {
        retry_ = host_.loop().after(kRefused, [this] { give(); });
        return;
    }
    retry_ = LoopHandle();
    if (is_ending_ && !is_draining_) {
        drain();
    } else if (group_ && !is_ending_ && !output_) {
        output_ = host_.loop().when_readable(group_->output(), [this] { read_output(); });
    }
}

void Child::read_errors() {
    const ssize_t got = ::read(group_->errors(), buffer_.data(), buffer_.size());
    if (got > 0) {
        error_log_.take({buffer_.data(), static_cast<std::size_t>(got)});
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        errors_ = LoopHandle();
    }
}

void Child::look_for_end() {
    if (group_ && group_->has_ended()) {
        end_ = LoopHandle();
        is_ending_ = true;
        drain();
    }
}

// What it printed last is still in the pipe; while storage refuses that waits, too.
void Child::drain() {
    constexpr int kReads = 32;  // a process that it left behind may print for ever
    is_draining_ = true;
    for (int i = 0; i < kReads && read_once(); ++i) {
    }
    is_draining_ = false;
    if (waiting_.empty()) {
        ended();
    }
}

void Child::ended() {
    read_errors();
    error_log_.end();
    const ChildGroup::End end = group_->finish(milliseconds(0));
    group_.reset();
    is_ending_ = false;
    for (LoopHandle* handle : {&output_, &errors_, &end_, &time_, &kill_, &well_}) {
        handle->cancel();
    }
    const bool well = end.well && killed_for_.empty();
    if (well) {  // echo -n; what was cut off may be half a number
        splitter_.end([this](std::string_view text, bool too_long) { take_text(text, too_long); });
        give();
    }
    if (well && is_repeated()) {
        run_is_over({});
    } else {
        run_is_over("the program " + (killed_for_.empty() ? end.how : "was ended: " + killed_for_));
    }
}

void Child::run_is_over(const std::string& problem) {
    set_problem(problem);
    if (!is_repeated()) {
        next_run_ = host_.loop().after(restart_, [this] { run(); });
        restart_ = std::min(2 * restart_, kLastRestart);
    }
}

void Child::is_well() {
    restart_ = kFirstRestart;
    set_problem({});
}

void Child::set_problem(const std::string& problem) {
    if (problem != problem_) {
        problem_ = problem;
        host_.set_problem(problem);
    }
}

}  // namespace

std::unique_ptr<ChildLines> ChildLines::start(
    const ChildSettings& settings, Host& host, TakeLine take
) {
    return std::make_unique<Child>(settings, host, std::move(take));
}

}  // namespace cxedge::devices
