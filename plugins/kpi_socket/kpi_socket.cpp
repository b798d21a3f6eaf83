// SPDX-License-Identifier: Apache-2.0
#include "plugins/kpi_socket/kpi_socket.hpp"

#include <algorithm>
#include <cerrno>

#include <fmt/core.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/unix_socket.hpp"

#include "plugins/_devices/kpi_line.hpp"

namespace cxedge::plugins {
namespace {

constexpr std::size_t kReadSize = 32'768;
constexpr int kBacklog = 64;
constexpr std::chrono::milliseconds kAcceptPause{1'000};

Schema<KpiSocketSettings> make_schema() {
    Schema<KpiSocketSettings> schema;
    ignore_common_keys(schema);
    schema.text("socket", &KpiSocketSettings::socket, "Path of the Unix socket")
        .check(check_unix_path);
    schema.text("socket_mode", &KpiSocketSettings::socket_mode, "Who may connect")
        .check(check_file_mode);
    schema.text("kind", &KpiSocketSettings::kind, "Kind of the samples of lines that do not say it")
        .one_of({"gauge", "counter", "delta", "histogram"});
    schema.text_map("kinds", &KpiSocketSettings::kinds, "Kind by name, where it is another");
    schema.text("prefix", &KpiSocketSettings::prefix, "Put in front of every name, e.g. \"pos.\"");
    schema.text_map(
        "dims", &KpiSocketSettings::dims, "Dimensions of every series; those of a line win"
    );
    schema.integer("max_clients", &KpiSocketSettings::max_clients, "Connections at most")
        .range(1, 1'000);
    schema.integer("max_series", &KpiSocketSettings::max_series, "Different series at most")
        .range(1, 1'000'000);
    schema
        .integer(
            "max_answers_kib",
            &KpiSocketSettings::max_answers_kib,
            "Unread answers of a client before it is not read any more"
        )
        .range(4, 65'536);
    schema
        .duration(
            "interval_s",
            &KpiSocketSettings::interval,
            "Time between two reports of the source's own counts"
        )
        .range(0.05, 3600);
    return schema;
}

const Schema<KpiSocketSettings>& schema() {
    static const Schema<KpiSocketSettings> kSchema = make_schema();
    return kSchema;
}

// Dimensions from the settings, except those that the line itself has.
void add_dims(SeriesKey& key, const std::vector<std::pair<std::string, std::string>>& dims) {
    const auto own = static_cast<std::ptrdiff_t>(key.dims.size());
    for (const auto& [name, value] : dims) {
        const auto end = key.dims.begin() + own;
        const bool has = std::any_of(key.dims.begin(), end, [&dim = name](const Dimension& known) {
            return known.key == dim;
        });
        if (!has) {
            key.dims.push_back({name, value});
        }
    }
}

// Lengths in front, so that no text can pretend to be two.
void append_part(std::string& lookup, std::string_view part) {
    lookup.append(std::to_string(part.size())).append(1, ':').append(part);
}

// Everything of a JSON sample but value and time, as one text.
std::string lookup_of(const SeriesInfo& info) {
    std::string lookup = "{";
    append_part(lookup, to_string(info.kind));
    append_part(lookup, info.unit);
    append_part(lookup, info.key.metric);
    for (const Dimension& dim : info.key.dims) {
        append_part(lookup, dim.key);
        append_part(lookup, dim.value);
    }
    lookup += '|';
    for (const std::string& state : info.states) {
        append_part(lookup, state);
    }
    return lookup;
}

}  // namespace

std::vector<SettingHelp> KpiSocket::settings_help() {
    return schema().help();
}

void KpiSocket::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = schema().read(settings, problems);
    const SettingsNode* const kinds = settings.find("kinds");
    for (const auto& [name, kind] : settings_.kinds) {
        Kind ignored{};
        if (kinds != nullptr && (!parse_kind(kind, ignored) || ignored == Kind::state)) {
            problems.add(
                kinds->position,
                "kinds." + name,
                "\"" + kind + "\" is not gauge, counter, delta or histogram"
            );
        }
    }
}

Status KpiSocket::start(Host& host) {
    host_ = &host;
    series_.clear();
    context_ = ClientContext{
        &host,
        [this](std::string_view line) { return take_line(line); },
        static_cast<std::size_t>(settings_.max_answers_kib) * 1024,
        std::vector<char>(kReadSize),
        0,
        0};
    declare_own_series();
    mode_t mode = 0;
    parse_file_mode(settings_.socket_mode, mode);
    Result<UniqueFd> bound = bind_unix_socket(settings_.socket, SOCK_STREAM, mode);
    if (!bound) {
        return bound.error();
    }
    listener_ = std::move(*bound);
    if (::listen(listener_.get(), kBacklog) != 0) {
        return system_error("listen " + settings_.socket, errno);
    }
    watch_listener();
    timer_ = host.loop().every(settings_.interval, [this] { report_counts(); });
    host.log(log::Level::info, "listening on " + settings_.socket);
    return {};
}

void KpiSocket::declare_own_series() {
    const auto declare_one = [this](const char* metric, Kind kind, const char* unit) {
        const std::vector<Dimension> dims{{"source", std::string(host_->source_name())}};
        const Result<SeriesId> id = host_->declare({{metric, dims}, kind, unit, {}, 0});
        if (!id) {
            host_->log(log::Level::warn, fmt::format("{}: {}", metric, id.error().message));
        }
        return id ? std::optional(*id) : std::nullopt;
    };
    own_.lines = declare_one("kpi_socket.lines", Kind::delta, "{line}");
    own_.errors = declare_one("kpi_socket.errors", Kind::delta, "{line}");
    own_.clients = declare_one("kpi_socket.clients", Kind::gauge, "{connection}");
}

void KpiSocket::watch_listener() {
    acceptable_ = host_->loop().when_readable(listener_.get(), [this] { accept_clients(); });
}

void KpiSocket::accept_clients() {
    UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (fd) {
        add_client(std::move(fd));
        return;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
        // The connection stays in the queue and would wake the loop without end.
        host_->log(log::Level::warn, system_error("accept", errno).message);
        acceptable_ = LoopHandle();
        pause_ = host_->loop().after(kAcceptPause, [this] { watch_listener(); });
    }
}

void KpiSocket::add_client(UniqueFd fd) {
    if (clients_.size() >= static_cast<std::size_t>(settings_.max_clients)) {
        constexpr std::string_view kAnswer = "error too many clients\n";
        // A new connection has room for this; if not, closing says it as well.
        static_cast<void>(::send(fd.get(), kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL));
        return;
    }
    const auto client = std::make_shared<Client>(std::move(fd), context_, [this](Client& closed) {
        clients_.erase(&closed);
    });
    clients_.emplace(client.get(), client);
    client->start();
}

Status KpiSocket::take_line(std::string_view line) {
    const bool is_json = !line.empty() && line.front() == '{';
    return is_json ? take_json(line) : take_text(line);
}

Status KpiSocket::take_text(std::string_view text) {
    const Result<devices::KpiLine> line = devices::parse_kpi_line(text);
    if (!line) {
        return line.error();
    }
    const Result<SeriesId> id = series_of_text(line->series);
    return id ? emit(*id, line->value, line->time_ms) : Status(id.error());
}

Status KpiSocket::take_json(std::string_view text) {
    Result<KpiJson> sample = parse_kpi_json(text);
    if (!sample) {
        return sample.error();
    }
    const Result<SeriesId> id = series_of_json(*sample);
    return id ? emit(*id, sample->value, sample->time_ms) : Status(id.error());
}

Status KpiSocket::emit(SeriesId id, double value, std::optional<std::int64_t> time_ms) {
    return time_ms ? host_->emit_at(id, value, from_unix_ms(*time_ms)) : host_->emit(id, value);
}

Result<SeriesId> KpiSocket::series_of_text(std::string_view text) {
    if (const auto found = series_.find(text); found != series_.end()) {
        return found->second;
    }
    Result<SeriesKey> key = devices::parse_kpi_series(text);
    if (!key) {
        return key.error();
    }
    SeriesInfo info;
    info.kind = kind_of(key->metric);
    info.key = std::move(*key);
    return declare(text, std::move(info));
}

Result<SeriesId> KpiSocket::series_of_json(KpiJson& sample) {
    if (!sample.kind) {
        sample.info.kind = kind_of(sample.info.key.metric);
    }
    const std::string lookup = lookup_of(sample.info);
    const auto found = series_.find(std::string_view(lookup));
    return found != series_.end() ? Result<SeriesId>(found->second)
                                  : declare(lookup, std::move(sample.info));
}

Result<SeriesId> KpiSocket::declare(std::string_view lookup, SeriesInfo info) {
    if (series_.size() >= static_cast<std::size_t>(settings_.max_series)) {
        return exhausted(fmt::format("more than {} different series", settings_.max_series));
    }
    info.key.metric.insert(0, settings_.prefix);
    add_dims(info.key, settings_.dims);
    Result<SeriesId> id = host_->declare(info);
    if (id) {
        series_.emplace(lookup, *id);
    }
    return id;
}

Kind KpiSocket::kind_of(const std::string& metric) const {
    const auto named =
        std::find_if(settings_.kinds.begin(), settings_.kinds.end(), [&](const auto& entry) {
            return entry.first == metric;
        });
    Kind kind = Kind::gauge;
    parse_kind(named != settings_.kinds.end() ? named->second : settings_.kind, kind);
    return kind;
}

void KpiSocket::report_counts() {
    report(own_.lines, std::exchange(context_.lines, 0));
    report(own_.errors, std::exchange(context_.errors, 0));
    report(own_.clients, clients_.size());
}

void KpiSocket::report(const std::optional<SeriesId>& id, std::uint64_t value) {
    if (id) {
        // The agent counts what it refuses; nobody waits for this number.
        static_cast<void>(host_->emit(*id, static_cast<double>(value)));
    }
}

void KpiSocket::stop() {
    if (timer_) {
        report_counts();
    }
    timer_ = LoopHandle();
    pause_ = LoopHandle();
    acceptable_ = LoopHandle();
    clients_.clear();
    if (listener_) {
        ::unlink(settings_.socket.c_str());
        listener_.reset();
    }
    own_ = {};
}

}  // namespace cxedge::plugins
