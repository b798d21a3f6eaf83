// SPDX-License-Identifier: Apache-2.0
// Columns by the name in the header, or by number from 1. A message is a table with its own header,
// or a single line of a file, whose first line was the header.
#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include <fmt/core.h>

#include "plugins/_devices/csv.hpp"
#include "plugins/_devices/mapping.hpp"
#include "plugins/_devices/privacy.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

constexpr std::size_t kMostFiles = 256;

struct CsvColumn {
    std::string text;
    std::size_t number = 0;  // from 1; 0: by name
};

using CsvHeader = std::vector<std::string>;

CsvHeader header_of(const CsvRow& row) {
    CsvHeader header;
    for (const std::string& cell : row.cells) {
        header.emplace_back(trimmed(cell));
    }
    return header;
}

// "3,5" where the comma does not separate.
std::optional<double> csv_number(const std::string& text, char separator) {
    std::string point = text;
    const bool comma = separator != ',' && text.find('.') == std::string::npos &&
                       std::count(text.begin(), text.end(), ',') == 1;
    if (comma) {
        std::replace(point.begin(), point.end(), ',', '.');
    }
    return parse_number(point);
}

class CsvMessage final : public MappedMessage {
public:
    CsvMessage(
        std::vector<CsvRow> rows,
        CsvHeader header,
        const std::vector<CsvColumn>& places,
        char separator
    )
        : rows_(std::move(rows)),
          header_(std::move(header)),
          places_(places),
          separator_(separator) {}

    [[nodiscard]] std::size_t items() const override { return rows_.size(); }

    [[nodiscard]] std::vector<Leaf> find(std::size_t item, std::size_t place) const override {
        const CsvColumn& column = places_[place];
        const CsvRow& row = rows_[item];
        const std::size_t at = index_of_column(column);
        Leaf leaf;
        leaf.where = fmt::format("line {}, column {}", row.line, column.text);
        leaf.there = at < row.cells.size();
        if (leaf.there) {
            leaf.text = trimmed(row.cells[at]);
            leaf.number = csv_number(leaf.text, separator_);
            leaf.personal = at < header_.size() && !personal_kind(header_[at]).empty();
        }
        return {leaf};
    }

    void note_private_fields(Report& report) const override {
        for (std::size_t column = 0; column < header_.size(); ++column) {
            count_personal(header_[column], filled_cells(column), report.private_fields);
        }
    }

private:
    [[nodiscard]] std::uint64_t filled_cells(std::size_t column) const {
        return static_cast<std::uint64_t>(std::count_if(
            rows_.begin(),
            rows_.end(),
            [&](const CsvRow& row) {
                return column < row.cells.size() && !row.cells[column].empty();
            }
        ));
    }

    [[nodiscard]] std::size_t index_of_column(const CsvColumn& column) const {
        if (column.number > 0) {
            return column.number - 1;
        }
        const auto found = std::find(header_.begin(), header_.end(), column.text);
        return found == header_.end() ? std::string::npos
                                      : static_cast<std::size_t>(found - header_.begin());
    }

    const std::vector<CsvRow> rows_;
    const CsvHeader header_;
    const std::vector<CsvColumn>& places_;
    char separator_;
};

class CsvPlaces final : public PlaceLanguage {
public:
    CsvPlaces(char separator, bool header) : separator_(separator), has_header_(header) {}

    Result<std::size_t> add(const std::string& place) override {
        CsvColumn column;
        column.text = trimmed(place);
        const char* const end = column.text.data() + column.text.size();
        const auto [stopped, error] = std::from_chars(column.text.data(), end, column.number);
        if (error != std::errc() || stopped != end) {
            column.number = 0;
        } else if (column.number == 0) {
            return invalid_argument("is no column: the first one is \"1\"");
        }
        if (column.text.empty() || (column.number == 0 && !has_header_)) {
            return invalid_argument(
                "is no column: without a header they are named \"1\", \"2\", ..."
            );
        }
        places_.push_back(std::move(column));
        return places_.size() - 1;
    }

    Status set_each(const std::string& place) override {
        static_cast<void>(place);
        return {};  // refused as a setting without effect
    }

    [[nodiscard]] std::string_view personal(const std::string& place) const override {
        return personal_kind(place);
    }

    Result<std::unique_ptr<MappedMessage>> read(const Message& message, Report& report) override {
        CsvTable table = parse_csv(message.body, separator_);
        for (const std::size_t line : table.bad_lines) {
            add_bad(report, fmt::format("line {}", line), "has a quoted field that does not end");
        }
        CsvHeader header;
        if (has_header_) {
            Result<CsvHeader> found = take_header(table.rows, std::string(message.address));
            if (!found) {
                return found.error();
            }
            header = std::move(*found);
        }
        return std::unique_ptr<MappedMessage>(std::make_unique<CsvMessage>(
            std::move(table.rows), std::move(header), places_, separator_
        ));
    }

private:
    // A row with the names of all columns is a header, also the one that a new file begins with.
    [[nodiscard]] bool is_header(const CsvRow& row) const {
        const CsvHeader cells = header_of(row);
        return std::all_of(places_.begin(), places_.end(), [&](const CsvColumn& column) {
            return column.number > 0 ||
                   std::find(cells.begin(), cells.end(), column.text) != cells.end();
        });
    }

    [[nodiscard]] bool has_names() const {
        return std::any_of(places_.begin(), places_.end(), [](const CsvColumn& column) {
            return column.number == 0;
        });
    }

    // Of the message, or of the file whose line it is; then no row may be left.
    Result<CsvHeader> take_header(std::vector<CsvRow>& rows, const std::string& file) {
        if (rows.empty()) {
            return CsvHeader();
        }
        const auto known = headers_.find(file);
        const bool single = rows.size() == 1;
        const bool again = known != headers_.end() && header_of(rows[0]) == known->second;
        const bool names = has_names() && is_header(rows[0]);
        if (single && known != headers_.end() && !again && !names) {
            return known->second;
        }
        if (has_names() && !names) {
            return invalid_argument("has no header with the columns of the mapping");
        }
        CsvHeader header = header_of(rows[0]);
        rows.erase(rows.begin());
        if (single) {
            remember(file, header);
        }
        return header;
    }

    void remember(const std::string& file, const CsvHeader& header) {
        if (headers_.size() >= kMostFiles && headers_.count(file) == 0) {
            headers_.clear();
        }
        headers_[file] = header;
    }

    char separator_;
    bool has_header_;
    std::vector<CsvColumn> places_;
    std::map<std::string, CsvHeader> headers_;  // by file
};

}  // namespace

std::unique_ptr<PlaceLanguage> make_csv_places(char separator, bool header) {
    return std::make_unique<CsvPlaces>(separator, header);
}

}  // namespace cxedge::devices
