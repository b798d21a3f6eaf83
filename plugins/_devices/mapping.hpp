// SPDX-License-Identifier: Apache-2.0
// Inside of payload.hpp: the languages in which a mapping names places (JSON pointers, XPath, CSV
// columns) behind one interface. Include in payload.cpp and mapping*.cpp only. Thread: one.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/_devices/formats.hpp"
#include "plugins/_devices/payload.hpp"

namespace cxedge::devices {

// What is at a place.
struct Leaf {
    std::string where;
    std::function<std::string()> find_where;  // in its stead where it takes a long walk
    bool there = false;
    std::string text;  // empty: it holds nothing
    std::optional<double> number;
    bool personal = false;           // a place that selects whatever is there met such a field
    std::vector<std::string> stars;  // JSON: what each `*` stands for
};

// A message as a mapping sees it. Places by their number, from PlaceLanguage::add().
class MappedMessage {
public:
    MappedMessage() = default;
    MappedMessage(const MappedMessage&) = delete;
    MappedMessage& operator=(const MappedMessage&) = delete;
    virtual ~MappedMessage() = default;

    [[nodiscard]] virtual std::size_t items() const = 0;
    // At least one, which may not be there.
    [[nodiscard]] virtual std::vector<Leaf> find(std::size_t item, std::size_t place) const = 0;
    // What another place has for the same item; of JSON with the same members for `*`.
    [[nodiscard]] virtual Leaf beside(std::size_t item, std::size_t place, const Leaf& leaf) const {
        static_cast<void>(leaf);
        return find(item, place).front();
    }
    virtual void note_private_fields(Report& report) const = 0;
};

class PlaceLanguage {
public:
    PlaceLanguage() = default;
    PlaceLanguage(const PlaceLanguage&) = delete;
    PlaceLanguage& operator=(const PlaceLanguage&) = delete;
    virtual ~PlaceLanguage() = default;

    // The number of a place. invalid_argument: it is none; the message goes to whoever wrote it.
    virtual Result<std::size_t> add(const std::string& place) = 0;
    // Where the items are; not called: the message is one.
    virtual Status set_each(const std::string& place) = 0;
    // Kind of personal field (privacy.hpp) that a place selects by its name; empty: none.
    [[nodiscard]] virtual std::string_view personal(const std::string& place) const = 0;
    // Parts that cannot be read are added to `report`.
    virtual Result<std::unique_ptr<MappedMessage>> read(const Message& message, Report& report) = 0;
};

std::unique_ptr<PlaceLanguage> make_json_places();
std::unique_ptr<PlaceLanguage> make_xml_places();
std::unique_ptr<PlaceLanguage> make_csv_places(char separator, bool header);

// The reader of a mapping; null if a problem was added.
std::unique_ptr<PayloadReader> make_mapping(
    const PayloadSettings& settings,
    const SettingsNode& node,
    std::unique_ptr<PlaceLanguage> language,
    SettingsProblems& problems
);
// Of a key, or of the table if it is not written.
SettingsPosition position_of(const SettingsNode& node, std::string_view key);

}  // namespace cxedge::devices
