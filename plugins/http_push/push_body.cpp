// SPDX-License-Identifier: Apache-2.0
#include "plugins/http_push/push_body.hpp"

#include <utility>

#include <fmt/core.h>

#include "plugins/_devices/multipart.hpp"

namespace cxedge::plugins {
namespace {

using devices::HttpRequest;
using devices::Message;
using devices::MultipartPart;
using devices::PayloadReader;
using devices::Report;
using Reports = std::vector<Report>;

// What its parts gave.
struct PartsRead {
    Reports reports;
    Report about;  // the body as such: pictures, parts that cannot be read
    std::size_t parts = 0;
    std::size_t good = 0;
    Error error = invalid_argument("the multipart body holds no part");
};

void read_part(
    PayloadReader& reader, const HttpRequest& request, const MultipartPart& part, PartsRead& read
) {
    ++read.parts;
    Result<Report> report = reader.read(Message{part.body, part.content_type, request.path});
    if (!report) {
        read.error = report.error();
        read.about.bad_elements.push_back(
            {fmt::format("part {}", read.parts), report.error().message}
        );
        return;
    }
    ++read.good;
    read.reports.push_back(std::move(report).value());
}

Result<Reports> read_parts(
    PayloadReader& reader, const HttpRequest& request, std::string_view boundary
) {
    PartsRead read;
    devices::MultipartSplitter splitter(
        boundary,
        {request.body.size(), false},
        [&](const MultipartPart& part) { read_part(reader, request, part, read); }
    );
    splitter.feed(request.body);
    splitter.finish();
    const auto skipped = splitter.take_skipped();
    if (read.good == 0 && (read.parts > 0 || skipped.pictures == 0)) {
        return read.error;
    }
    if (skipped.pictures > 0) {
        read.about.private_fields["picture"] = skipped.pictures;
    }
    if (skipped.malformed > 0) {
        read.about.bad_elements.push_back({"part", "its head is too long"});
    }
    read.reports.push_back(std::move(read.about));
    return std::move(read.reports);
}

}  // namespace

Result<Reports> read_push(PayloadReader& reader, const HttpRequest& request) {
    if (request.content_type.rfind("multipart/", 0) == 0) {
        const auto boundary = devices::multipart_boundary(request.header("content-type"));
        if (!boundary) {
            return invalid_argument("a multipart body without boundary");
        }
        return read_parts(reader, request, *boundary);
    }
    if (request.body.empty()) {
        return invalid_argument("the body is empty");
    }
    Result<Report> report = reader.read(Message{request.body, request.content_type, request.path});
    if (!report) {
        return report.error();
    }
    Reports reports;
    reports.push_back(std::move(report).value());
    return reports;
}

}  // namespace cxedge::plugins
