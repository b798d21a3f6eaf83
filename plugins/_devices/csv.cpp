// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/csv.hpp"

#include <utility>

namespace cxedge::devices {
namespace {

class CsvReader {
public:
    CsvReader(std::string_view text, char separator) : text_(text), separator_(separator) {
        constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
        if (text_.starts_with(kByteOrderMark)) {
            text_.remove_prefix(kByteOrderMark.size());
        }
    }

    CsvTable read() {
        while (at_ < text_.size()) {
            read_row();
        }
        return std::move(table_);
    }

private:
    void read_row() {
        CsvRow row;
        row.line = line_;
        bool good = true;
        do {
            std::string cell;
            good = (is_at('"') ? read_quoted(cell) : read_plain(cell)) && good;
            row.cells.push_back(std::move(cell));
        } while (take(separator_));
        take('\r');
        take('\n');
        ++line_;
        const bool blank = row.cells.size() == 1 && row.cells[0].empty();
        if (!good) {
            table_.bad_lines.push_back(row.line);
        } else if (!blank) {
            table_.rows.push_back(std::move(row));
        }
    }

    bool read_plain(std::string& cell) {
        while (at_ < text_.size() && !is_at(separator_) && !is_at('\r') && !is_at('\n')) {
            cell += text_[at_++];
        }
        return true;
    }

    // Two quotes inside are one; what stands behind the end of quotes spoils the row.
    bool read_quoted(std::string& cell) {
        ++at_;
        bool ended = false;
        while (at_ < text_.size() && !ended) {
            const char c = text_[at_++];
            if (c == '"' && !take('"')) {
                ended = true;
            } else {
                line_ += c == '\n' ? 1U : 0U;
                cell += c;
            }
        }
        std::string rest;
        read_plain(rest);
        return ended && rest.empty();
    }

    [[nodiscard]] bool is_at(char c) const { return at_ < text_.size() && text_[at_] == c; }
    bool take(char c) {
        const bool there = is_at(c);
        at_ += there ? 1U : 0U;
        return there;
    }

    std::string_view text_;
    char separator_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    CsvTable table_;
};

}  // namespace

CsvTable parse_csv(std::string_view text, char separator) {
    return CsvReader(text, separator).read();
}

}  // namespace cxedge::devices
