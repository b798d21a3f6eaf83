// SPDX-License-Identifier: Apache-2.0
// What a Prometheus exporter says: text exposition format 0.0.4 and OpenMetrics 1.0 text. Pure and
// total: any bytes give readings and mistakes, never an exception. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cxedge::plugins {

enum class FamilyType {
    untyped,
    counter,
    gauge,
    histogram,
    gauge_histogram,
    summary,
    info,
    states
};

struct ExposedSample {
    std::string_view name;  // as written: "http_requests_total", "latency_seconds_bucket"
    // In the order of the line; values without their escapes.
    std::vector<std::pair<std::string, std::string>> labels;
    double value = 0;  // may be NaN or infinite
    std::optional<std::int64_t> time_ms;
    FamilyType type = FamilyType::untyped;
    bool cumulative = false;  // only grows: a counter's, a histogram's or a summary's count
    // The line without value and time, the same in each scrape.
    std::string_view series_text;
};

struct ExpositionSummary {
    std::size_t samples = 0;
    std::size_t bad_lines = 0;
    std::size_t first_bad_line = 0;  // 1-based; 0: none
    bool truncated = false;          // OpenMetrics without "# EOF", or a last line without its end
};

class Exposition {
public:
    // For the call only: views into the text.
    using OnSample = std::function<void(const ExposedSample& sample)>;

    // `open_metrics`: times are seconds, and "# EOF" is due.
    explicit Exposition(bool open_metrics) : open_metrics_(open_metrics) {}
    ExpositionSummary read(std::string_view text, const OnSample& on_sample);

private:
    // False: it is neither a sample nor a comment, nor empty.
    bool read_line(std::string_view line, ExpositionSummary& summary, const OnSample& on_sample);
    void read_comment(std::string_view line);
    bool read_sample(std::string_view line, const OnSample& on_sample);
    [[nodiscard]] bool classify(ExposedSample& sample) const;

    bool open_metrics_;
    bool ended_ = false;
    std::map<std::string, FamilyType, std::less<>> types_;
};

}  // namespace cxedge::plugins
