// SPDX-License-Identifier: Apache-2.0
// DASH manifests (ISO/IEC 23009-1), static ones. Pure. Thread: any.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"

#include "plugins/probe_video/media.hpp"

namespace cxedge::plugins::video {

bool is_dash(std::string_view text);

class DashManifest {
public:
    // `url` is where the text came from. invalid_argument says what is wrong: not XML, live, no
    // video, too much of something.
    static Result<DashManifest> parse(std::string_view text, std::string url);
    DashManifest(DashManifest&& other) noexcept;
    DashManifest& operator=(DashManifest&& other) noexcept;
    DashManifest(const DashManifest&) = delete;
    DashManifest& operator=(const DashManifest&) = delete;
    ~DashManifest();

    // The representations of the first period's video, in the order of bandwidth; at least one.
    [[nodiscard]] const std::vector<Track>& tracks() const;
    // The segments of a track, from the beginning until `enough_s` are there; later periods go on
    // with the representation of the same id, or of the nearest bandwidth.
    [[nodiscard]] Result<MediaList> media(std::size_t track, double enough_s) const;

private:
    struct Document;
    explicit DashManifest(std::unique_ptr<Document> document);

    std::unique_ptr<Document> document_;
};

// "PT1H2M3.5S" (xs:duration, of fixed length: no months or years) in seconds; negative: it is none.
double iso_duration_s(std::string_view text);

// What the name of a segment is made of (section 5.3.9.4.4).
struct TemplateValues {
    std::string_view id;
    std::uint64_t bandwidth = 0;
    std::uint64_t number = 0;
    std::uint64_t time = 0;
};
// "$RepresentationID$/$Number%05d$.m4s" filled in; invalid_argument: an identifier that is none.
Result<std::string> fill_template(std::string_view pattern, const TemplateValues& values);

}  // namespace cxedge::plugins::video
