// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_dns/dns_finding.hpp"

#include <fmt/core.h>

namespace cxedge::plugins {
namespace {

using probes::Figure;
using probes::Finding;
using probes::ProbeResult;

using Value = std::optional<double>;

class DnsTeller {
public:
    DnsTeller(const DnsSettings& settings, const DnsAccount& account)
        : settings_(settings),
          account_(account),
          wanted_{dns_type(settings.qtype).value_or(DnsType::a), settings.rcodes, settings.expect} {
    }

    Finding tell() {
        if (settings_.transport != "udp") {
            tell_stream();
        }
        for (const DnsCase& each : account_.cases) {
            if (!each.of_nothing) {
                tell_case(each);
            }
        }
        if (settings_.hijack_check) {
            tell_hijack();
        }
        return std::move(finding_);
    }

private:
    // Only the first failure is the run's.
    void judge_run(const std::string& name, const DnsVerdict& verdict) {
        if (finding_.result != ProbeResult::ok || verdict.result == ProbeResult::ok) {
            return;
        }
        finding_.result = verdict.result;
        finding_.step = verdict.step;
        finding_.detail = account_.cases.size() > 1 ? name + ": " + verdict.detail : verdict.detail;
    }

    void add(SeriesInfo info, const Value& value) {
        Figure figure{std::move(info), {}};
        if (value) {
            figure.values.push_back(*value);
        }
        finding_.figures.push_back(std::move(figure));
    }

    [[nodiscard]] SeriesInfo info(
        const std::string& metric, Kind kind, const std::string& unit, const DnsCase& of
    ) const {
        return {
            {metric,
             {{"name", of.name}, {"qtype", settings_.qtype}, {"transport", settings_.transport}}},
            kind,
            unit,
            {},
            0};
    }

    void add_duration(const DnsCase& of, ProbeResult result, const Value& value) {
        SeriesInfo duration = info("net.dns.duration", Kind::histogram, "s", of);
        duration.key.dims.insert(
            duration.key.dims.begin() + 2, {"result", std::string(to_string(result))}
        );
        add(std::move(duration), value);
    }

    void tell_case(const DnsCase& of) {
        const DnsVerdict verdict = judge(of.reply, wanted_);
        judge_run(of.name, verdict);
        const bool answered = of.reply.message.has_value();
        const Value took = answered ? Value(of.reply.took_s) : std::nullopt;
        // The series of what should be has a slot in each run, those of failures when they happen.
        if (answered && verdict.result != ProbeResult::ok) {
            add_duration(of, verdict.result, took);
        }
        add_duration(of, ProbeResult::ok, verdict.result == ProbeResult::ok ? took : std::nullopt);
        tell_answer(of);
        if (settings_.transport == "udp") {
            add(info("net.dns.repeats", Kind::delta, "{packet}", of), Value(of.reply.repeats));
        }
        finding_.facts.emplace_back(of.name + " " + settings_.qtype, answer_words(of, verdict));
    }

    void tell_answer(const DnsCase& of) {
        Value rcode;
        Value answers;
        Value ttl;
        Value serial;
        if (of.reply.message) {
            const DnsMessage& message = *of.reply.message;
            rcode = static_cast<double>(dns_rcode_place(message.rcode));
            answers = static_cast<double>(message.answers.size());
            ttl = shortest_ttl(message);
            serial = zone_serial(message);
        }
        SeriesInfo state = info("net.dns.rcode", Kind::state, "1", of);
        state.states = dns_rcode_names();
        add(std::move(state), rcode);
        add(info("net.dns.answers", Kind::gauge, "{record}", of), answers);
        add(info("net.dns.ttl", Kind::gauge, "s", of), ttl);
        if (settings_.qtype == "SOA") {
            add(info("net.dns.serial", Kind::gauge, "1", of), serial);
        }
    }

    [[nodiscard]] std::string answer_words(const DnsCase& of, const DnsVerdict& verdict) const {
        if (!of.reply.message) {
            return verdict.detail;
        }
        const DnsMessage& message = *of.reply.message;
        constexpr double kMillisecondsASecond = 1e3;
        return fmt::format(
            "{}{}{}{}{} [{}] in {:.3f} ms",
            dns_rcode_name(message.rcode),
            message.authoritative ? " aa" : "",
            message.recursion_available ? " ra" : "",
            message.authentic ? " ad" : "",
            of.truncated ? " (truncated, so over TCP)" : "",
            dns_texts(message, wanted_.type),
            of.reply.took_s * kMillisecondsASecond
        );
    }

    void tell_hijack() {
        bool all_known = true;
        bool hijacked = false;
        for (const DnsCase& each : account_.cases) {
            if (each.of_nothing) {
                const Hijack found = hijack_of(each.reply);
                all_known = all_known && found != Hijack::unknown;
                hijacked = hijacked || found == Hijack::yes;
                tell_nothing(each, found);
            }
        }
        SeriesInfo state{
            {"net.dns.hijack", {{"transport", settings_.transport}}},
            Kind::state,
            "1",
            {"no", "yes"},
            0};
        add(std::move(state), hijacked || all_known ? Value(hijacked ? 1 : 0) : std::nullopt);
    }

    void tell_nothing(const DnsCase& of, Hijack found) {
        if (found == Hijack::yes) {
            const std::string detail = fmt::format(
                "{} does not exist, and is answered with {}: somebody rewrites answers",
                of.name,
                dns_texts(*of.reply.message, of.question.type)
            );
            judge_run(of.name, {ProbeResult::body_mismatch, "server", detail});
            finding_.facts.emplace_back("hijack", detail);
        } else if (found == Hijack::unknown) {
            DnsWanted nothing;
            nothing.rcodes = {"NXDOMAIN"};
            judge_run(of.name, judge(of.reply, nothing));
        } else {
            finding_.facts.emplace_back("hijack", "none: " + of.name + " does not exist");
        }
    }

    void tell_stream() {
        const DnsStreamReport& stream = account_.stream;
        Value opened = stream.connect_s;
        if (settings_.transport == "dot") {
            opened = stream.handshake_s ? Value(*stream.handshake_s + stream.connect_s.value_or(0))
                                        : std::nullopt;
        }
        add({{"net.dns.connect", {{"transport", settings_.transport}}},
             Kind::histogram,
             "s",
             {},
             0},
            opened);
        if (!stream.address.empty()) {
            finding_.facts.emplace_back("server", stream.address);
        }
        if (stream.peer) {
            finding_.facts.emplace_back("version", stream.peer->version);
            finding_.facts.emplace_back("cipher", stream.peer->cipher);
            finding_.facts.emplace_back("subject", stream.peer->subject);
            finding_.facts.emplace_back("issuer", stream.peer->issuer);
        }
    }

    const DnsSettings& settings_;
    const DnsAccount& account_;
    DnsWanted wanted_;
    Finding finding_;
};

}  // namespace

Finding dns_finding(const DnsSettings& settings, const DnsAccount& account) {
    return DnsTeller(settings, account).tell();
}

}  // namespace cxedge::plugins
