// SPDX-License-Identifier: Apache-2.0
// The two schemas of Xovis, and what they share. Include in xovis*.cpp only.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/_devices/formats/build.hpp"

namespace cxedge::devices {

// False: the message is none of this schema.
bool read_xovis_v5(const Node& root, ReportBuilder& out);
bool read_xovis_v4(const Node& root, ReportBuilder& out);
// live_data of firmware 5.
void read_xovis_v5_live(const Node& data, ReportBuilder& out);

// A line or a zone whose counts are read.
struct XovisPlace {
    std::string name;
    bool is_line = false;
    bool balance_is_level = false;  // a zone that tells nothing but who came less who went
    When when;
};

// A count of a record: its label ("fw", "bw", "count", "fw-male", ...) and its value, which should
// be `parent`'s member "value".
struct XovisCount {
    std::string label;
    Node value;
    Node parent;
};
// False: an unknown label.
bool add_xovis_count(ReportBuilder& out, const XovisPlace& place, const XovisCount& count);
// None of the labels but "balance" is about people as such.
bool is_only_balance(const std::vector<Node>& counts, const char* label_name);
// "fw": in through this door; "bw": out.
SeriesInfo xovis_passage(bool forward, const std::string& door);

// False: its name says that it counts things or a part of the people, who are told on their own.
bool counts_people(std::string_view logic);

// Places of one message that have one name, by their ids. A name that comes again with another id
// gets that id, where both would be one series, of which one would pass for a repetition.
class XovisNames {
public:
    // `first`: where the readings of the place `id` begin in the report.
    void tell_apart(Report& report, std::size_t first, const std::string& id);

private:
    std::map<SeriesKey, std::string> owners_;
};

}  // namespace cxedge::devices
