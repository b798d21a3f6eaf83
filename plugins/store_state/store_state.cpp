// SPDX-License-Identifier: Apache-2.0
#include "plugins/store_state/store_state.hpp"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "agent/base/ids.hpp"

namespace cxedge::plugins {
namespace {

constexpr std::chrono::seconds kLook{5};
constexpr std::chrono::minutes kPublish{1};

Schema<EvidenceRule> evidence_schema() {
    Schema<EvidenceRule> schema;
    schema.text("name", &EvidenceRule::name, "What it is called in events").required();
    schema.text("metric", &EvidenceRule::metric, "Metric to follow, * allowed at its end")
        .required();
    schema.text_map("dims", &EvidenceRule::dims, "Only series with these dimensions");
    schema.number("on", &EvidenceRule::on, "From here upwards it says open").required();
    schema.number("off", &EvidenceRule::off, "Below it says closed; default: as `on`");
    schema.boolean("counts", &EvidenceRule::counts, "Readings are counts: their sum in `window_s`");
    schema.duration("window_s", &EvidenceRule::window, "counts: summed over").range(10, 86'400);
    schema.number("weight", &EvidenceRule::weight, "How much it counts").range(0.01, 100);
    schema.text("says", &EvidenceRule::says, "What it can say").one_of({"both", "open", "closed"});
    schema.duration("stale_s", &EvidenceRule::stale, "Without news so long it says nothing")
        .range(10, 2'592'000);
    schema
        .duration("stuck_s", &EvidenceRule::stuck, "\"open\" so long is a broken sensor; 0: never")
        .range(0, 2'592'000);
    schema.boolean("presence", &EvidenceRule::presence, "Alarms when it says open after hours");
    return schema;
}

Schema<StoreStateSettings> make_store_schema() {
    using Store = StoreStateSettings;
    Schema<Store> schema;
    ignore_common_keys(schema);
    schema.ignore("schedule");
    schema.number("schedule_weight", &Store::schedule_weight, "How much the schedule counts")
        .range(0, 100);
    schema.number("threshold", &Store::threshold, "Balance from which it looks open or closed")
        .range(0.01, 1);
    schema.duration("settle_s", &Store::settle, "It must look so for so long").range(0, 7'200);
    schema.duration("late_s", &Store::late, "Opened so much later is an alarm").range(60, 86'400);
    schema.duration("early_s", &Store::early, "Closed so much earlier is an alarm")
        .range(60, 86'400);
    schema.duration("after_hours_s", &Store::after_hours, "Somebody there so long after closing")
        .range(0, 86'400);
    schema.duration("prepare_s", &Store::prepare, "Before opening somebody may be there")
        .range(0, 86'400);
    schema.duration("remember_s", &Store::remember, "After a start the last state holds so long")
        .range(0, 86'400);
    schema.text("cleaning", &Store::cleaning, "Hours in which cleaners may be there")
        .check([](const std::string& text) {
            const auto hours = parse_opening_hours(text);
            return hours ? std::string() : hours.error().message;
        });
    schema.text_map("dims", &Store::dims, "Dimensions of store.open");
    schema.tables("evidence", &Store::evidence, evidence_schema(), "A sensor that says something");
    return schema;
}

const Schema<StoreStateSettings>& store_schema() {
    static const Schema<StoreStateSettings> kSchema = make_store_schema();
    return kSchema;
}

void check_evidence(
    const StoreStateSettings& settings, const SettingsNode& node, SettingsProblems& problems
) {
    std::set<std::string> names{"schedule", "since", "minutes", "expected"};
    const SettingsNode* const list = node.find("evidence");
    for (std::size_t i = 0; i < settings.evidence.size(); ++i) {
        const EvidenceRule& rule = settings.evidence[i];
        const SettingsPosition& where = list->list()->at(i).position;
        if (!names.insert(rule.name).second) {
            problems.add(where, "evidence.name", "is taken: each needs a name of its own");
        }
        if (rule.off > rule.on) {
            problems.add(where, "evidence.off", "is above `on`: it would switch to and fro");
        }
        if (std::string_view("store.open")
                .starts_with(rule.metric.substr(0, rule.metric.find('*')))) {
            problems.add(where, "evidence.metric", "would follow store.open itself");
        }
    }
}

// `off` is as `on` where it is not given.
void level_out(const SettingsNode& node, std::vector<EvidenceRule>& rules) {
    const SettingsNode* const list = node.find("evidence");
    if (list == nullptr || list->list() == nullptr) {
        return;
    }
    for (std::size_t i = 0; i < std::min(rules.size(), list->list()->size()); ++i) {
        if (list->list()->at(i).find("off") == nullptr) {
            rules[i].off = rules[i].on;
        }
    }
}

SteadyTime measured_at(const SampleTime& time, const Clock& clock) {
    const std::chrono::milliseconds at(time.ms);
    const auto age = time.base == SampleTime::Base::boot ? clock.boot_now() - at
                                                         : clock.wall_now() - WallTime(at);
    return clock.steady_now() - std::max(age, std::chrono::milliseconds(0));
}

}  // namespace

std::vector<SettingHelp> StoreState::settings_help() {
    return store_schema().help();
}

void StoreState::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = store_schema().read(settings, problems);
    level_out(settings, settings_.evidence);
    check_evidence(settings_, settings, problems);
    if (const SettingsNode* const schedule = settings.find("schedule")) {
        hours_ = read_opening_hours(*schedule, problems);
    }
    rules_.schedule_weight = settings_.schedule_weight;
    rules_.threshold = settings_.threshold;
    rules_.settle = settings_.settle;
    rules_.late = settings_.late;
    rules_.early = settings_.early;
    rules_.after_hours = settings_.after_hours;
    rules_.prepare = settings_.prepare;
    rules_.remember = settings_.remember;
    if (const auto cleaning = parse_opening_hours(settings_.cleaning)) {
        rules_.cleaning = *cleaning;
    }
    if (!settings_.evidence.empty()) {
        rules_.evidence = settings_.evidence;
    }
}

Status StoreState::start(Host& host) {
    host_ = &host;
    SeriesInfo info{{"store.open", {}}, Kind::state, {}, store_open_states(), 0};
    for (const auto& [key, value] : settings_.dims) {
        info.key.dims.push_back({key, value});
    }
    const Result<SeriesId> series = host.declare(info);
    if (!series) {
        return series.error();
    }
    series_ = *series;
    judge_ = std::make_shared<StoreJudge>(rules_, hours_);
    kept_ = std::string(host.kept());
    if (!kept_.empty() && !judge_->restore(kept_, now())) {
        host.log(log::Level::warn, "what the last run kept cannot be read: the state is unknown");
    }
    if (Status followed = follow(); !followed) {
        return followed;
    }
    publish();
    timer_ = host.loop().every(kLook, [this] { look(); });
    return {};
}

Status StoreState::follow() {
    for (std::size_t i = 0; i < rules_.evidence.size(); ++i) {
        if (Status followed = follow_evidence(i); !followed) {
            return followed;
        }
    }
    return {};
}

Status StoreState::follow_evidence(std::size_t number) {
    return host_->follow(
        rules_.evidence[number].metric,
        [judge = std::weak_ptr<StoreJudge>(judge_),
         number,
         host = host_](const SeriesInfo& info, double value, const SampleTime& time) {
            if (const std::shared_ptr<StoreJudge> alive = judge.lock()) {
                alive->take(number, info, value, measured_at(time, host->clock()));
            }
        }
    );
}

void StoreState::look() {
    for (const StoreNews& news : judge_->look(now())) {
        tell(news);
    }
    const bool due = host_->clock().steady_now() - told_at_ >= kPublish;
    if (judge_->state() != told_ || due) {
        publish();
    }
    if (std::string saved = judge_->save(now()); saved != kept_) {
        host_->keep(saved);
        kept_ = std::move(saved);
    }
}

void StoreState::publish() {
    told_ = judge_->state();
    told_at_ = host_->clock().steady_now();
    static_cast<void>(host_->emit(series_, static_cast<double>(told_)));
}

void StoreState::tell(const StoreNews& news) {
    Event event;
    event.name = news.name;
    event.severity = news.severity;
    event.state = news.state;
    event.subject = std::string(host_->source_name());
    event.text = news.text;
    event.attrs = news.attrs;
    if (news.day != 0) {  // an alarm: the same over a restart
        event.id = derived_event_id(
            fmt::format("{} {} {}", host_->source_name(), news.name, day_text(news.day))
        );
    }
    host_->emit_event(std::move(event));
}

StoreJudge::Now StoreState::now() const {
    return {host_->clock().wall_now(), host_->clock().steady_now()};
}

void StoreState::stop() {
    timer_ = LoopHandle();
    judge_.reset();
}

}  // namespace cxedge::plugins
