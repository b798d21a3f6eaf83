// SPDX-License-Identifier: Apache-2.0
#include "plugins/ticket/ticket.hpp"

#include <fmt/core.h>

#include "agent/base/local_time.hpp"
#include "agent/base/secret_file.hpp"

#include "plugins/_devices/hmac.hpp"
#include "plugins/_devices/intake.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::plugins {
namespace {

constexpr std::chrono::seconds kTick{5};
constexpr int kTicksOfMinute = 12;

TicketRules rules_of(const TicketSettings& settings) {
    TicketRules rules;
    rules.daily = settings.numbers == "daily";
    if (const auto ends = parse_time_of_day(settings.day_ends)) {
        rules.day_ends = *ends;
    }
    rules.forget = settings.forget;
    rules.max_tickets = static_cast<std::size_t>(settings.max_tickets);
    rules.next_ends = settings.next_ends;
    rules.queue = settings.queue;
    return rules;
}

}  // namespace

struct Ticket::Desk {
    Desk(Host& host, const TicketSettings& settings, const std::string& device)
        : complaints(host),
          dropped(host),
          devices(host, std::chrono::hours(24 * 365), 1),
          clock(
              host,
              devices::clock_policy(settings.clock),
              settings.clock_ahead,
              settings.clock_behind
          ),
          book(rules_of(settings)),
          board(settings.counter_active),
          series(
              host,
              {{settings.names.begin(), settings.names.end()},
               settings.dims,
               device,
               static_cast<std::size_t>(settings.max_queues)},
              clock
          ),
          name(device) {}

    devices::Complaints complaints;
    devices::PrivateCount dropped;  // customers' names and numbers
    devices::DeviceBook devices;
    devices::DeviceClock clock;
    TicketBook book;
    QueueBoard board;
    QueueSeries series;
    std::string name;
    int ticks = 0;
};

Ticket::Ticket() : Ticket(TicketInputs{}) {}

Ticket::Ticket(TicketInputs inputs) : inputs_(std::move(inputs)) {}

Ticket::~Ticket() = default;

std::vector<SettingHelp> Ticket::settings_help() {
    return ticket_schema().help();
}

void Ticket::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = read_ticket_settings(settings, problems);
    if (problems.empty()) {
        language_ = language_of(settings_);
    }
}

Status Ticket::start(Host& host) {
    host_ = &host;
    const std::string device =
        settings_.device.empty() ? std::string(host.source_name()) : settings_.device;
    desk_ = std::make_unique<Desk>(host, settings_, device);
    timer_ = host.loop().every(kTick, [this] { tick(++desk_->ticks % kTicksOfMinute == 0); });
    return open_inputs();
}

Status Ticket::open_inputs() {
    if (!settings_.http.hmac_key_file.empty()) {
        Result<std::string> key = read_secret(settings_.http.hmac_key_file);
        if (!key) {
            return key.error().during("http.hmac_key_file");
        }
        hmac_key_ = std::move(key).value();
    }
    if (!settings_.http.path.empty()) {
        auto opened = inputs_.listen(
            settings_.http,
            *host_,
            [this](const devices::HttpRequest& request, const devices::HttpListener::Answer& done) {
                answer(request, done);
            },
            [this](int status, std::string_view /*peer*/) {
                desk_->complaints.bad_message("http", fmt::format("was refused with {}", status));
            }
        );
        if (!opened) {
            return opened.error();
        }
        listener_ = std::move(opened).value();
    }
    const auto take = [this](const devices::Line& line) {
        return take_line(line);
    };
    if (!settings_.file.paths.empty()) {
        follower_ = inputs_.follow(settings_.file, *host_, take);
    }
    if (!settings_.exec.command.empty()) {
        child_ = inputs_.run(settings_.exec, *host_, take);
    }
    return {};
}

// 0: it may be read.
int Ticket::refusal(const devices::HttpRequest& request) {
    if (request.path != settings_.http.path) {
        return 404;
    }
    if (request.method != "POST" && request.method != "PUT") {
        return 405;
    }
    const std::string_view signature = request.header(settings_.http.hmac_header);
    const bool unsigned_message =
        !hmac_key_.empty() && !devices::hmac_sha256_matches(
                                  hmac_key_, {settings_.http.hmac_prefix, request.body}, signature
                              );
    if (unsigned_message) {
        desk_->complaints.bad_message("http", "the signature does not fit; it was refused");
    }
    return unsigned_message ? 401 : 0;
}

Result<devices::FieldsMessage> Ticket::read(const devices::HttpRequest& request) const {
    if (request.content_type == "application/x-www-form-urlencoded") {
        Result<devices::FieldsMessage> form = devices::form_fields(request.body);
        return form;
    }
    return devices::json_fields(request.body, language_.places.each);
}

void Ticket::answer(
    const devices::HttpRequest& request, const devices::HttpListener::Answer& answer
) {
    if (const int status = refusal(request); status != 0) {
        answer({status, {}});
        return;
    }
    const Result<devices::FieldsMessage> message = read(request);
    if (!message) {
        desk_->complaints.bad_message("http", message.error().message);
        answer({400, message.error().message});
        return;
    }
    const Status taken = take(*message, {});
    if (!taken) {
        const bool full = taken.error().code == ErrorCode::exhausted;
        answer({full ? 503 : 422, taken.error().message});
        return;
    }
    host_->commit([answer](const Status& done) {
        answer(done ? devices::HttpAnswer{200, "ok"} : devices::HttpAnswer{503, "not stored"});
    });
}

Status Ticket::take_line(const devices::Line& line) {
    if (devices::trimmed(line.text).empty()) {
        return {};
    }
    if (settings_.format == "csv") {
        const char separator = settings_.separator.front();
        if (devices::csv_cells(line.text, separator) == settings_.columns) {
            return {};  // the line that names the columns
        }
        return take(devices::csv_fields(line.text, separator, settings_.columns), line);
    }
    const auto message = devices::json_fields(line.text, language_.places.each);
    if (!message) {
        desk_->complaints.bad_message(line.origin, message.error().message);
        return message.error();
    }
    return take(*message, line);
}

Status Ticket::take(const devices::FieldsMessage& message, const devices::Line& origin) {
    if (desk_->devices.heard(desk_->name)) {
        desk_->dropped.add(message.private_fields);
    }
    TicketMessage steps;
    std::size_t index = 0;
    for (const devices::Fields& item : message.items) {
        const std::size_t before = steps.events.size();
        const std::string where = message.items.size() > 1 ? fmt::format("item {} ", index) : "";
        read_ticket_event(language_, item, where, steps);
        const bool nameless =
            steps.events.size() > before && steps.events.back().id.empty() && !origin.id.empty();
        if (nameless) {
            steps.events.back().id = fmt::format("{} {}", origin.id, index);
        }
        ++index;
    }
    Status taken;
    for (const TicketEvent& event : steps.events) {
        const Status one = take_event(event);
        taken = taken ? one : taken;
    }
    desk_->clock.end_of_message();
    complain(steps);
    desk_->series.tell_levels({desk_->book, desk_->board});
    const bool useless = steps.events.empty() && !steps.bad_elements.empty();
    return useless && taken ? Status(invalid_argument(steps.bad_elements.front().what)) : taken;
}

Status Ticket::take_event(const TicketEvent& event) {
    const SteadyTime steady = host_->clock().steady_now();
    if (event.step == TicketStep::opened || event.step == TicketStep::closed) {
        desk_->board.take(event, {}, steady);
        return {};
    }
    if (!event.queue.empty() && !desk_->series.know(event.queue)) {
        desk_->complaints.bad_element(desk_->name, "queue", "more queues than max_queues");
        return {};
    }
    // What the book has taken cannot be asked for again: its sender repeats it instead.
    if (Status told; desk_->series.is_full() && !(told = desk_->series.tell({}))) {
        return told;
    }
    TicketBook::Facts facts = desk_->book.take(event, now());
    const std::string& queue = desk_->book.last_queue();
    if (!queue.empty()) {
        static_cast<void>(desk_->series.know(queue));
        desk_->board.take(event, queue, steady);
    }
    for (const QueueFact& fact : facts) {
        if (fact.what == QueueFact::What::wait) {
            desk_->board.called(fact.queue, steady);
        }
    }
    return desk_->series.tell(std::move(facts));
}

void Ticket::complain(const TicketMessage& message) {
    for (const devices::BadElement& bad : message.bad_elements) {
        desk_->complaints.bad_element(desk_->name, bad.where, bad.what);
    }
}

TicketNow Ticket::now() const {
    return {host_->clock().wall_now(), host_->clock().steady_now()};
}

void Ticket::tick(bool all) {
    static_cast<void>(desk_->series.tell(desk_->book.tick(now())));
    desk_->series.tell_levels({desk_->book, desk_->board, all});
}

void Ticket::stop() {
    listener_.reset();
    follower_.reset();
    child_.reset();
    timer_ = LoopHandle();
    desk_.reset();
}

std::uint16_t Ticket::port() const {
    return listener_ ? listener_->port() : std::uint16_t{0};
}

}  // namespace cxedge::plugins
