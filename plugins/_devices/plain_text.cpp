// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/plain_text.hpp"

#include <cstdint>
#include <optional>
#include <utility>

namespace cxedge::devices {
namespace {

constexpr std::string_view kMarkUtf8 = "\xEF\xBB\xBF";
constexpr std::string_view kMarkLittle = "\xFF\xFE";
constexpr std::string_view kMarkBig = "\xFE\xFF";
constexpr std::uint32_t kFirstHigh = 0xD800;
constexpr std::uint32_t kFirstLow = 0xDC00;
constexpr std::uint32_t kBehindLow = 0xE000;
constexpr std::uint32_t kFirstPair = 0x10000;

class Utf16Reader {
public:
    Utf16Reader(std::string_view units, bool little) : units_(units), little_(little) {}

    // Empty: half a unit or half a pair.
    std::optional<std::string> read() {
        std::string out;
        out.reserve(units_.size() / 2);
        while (!units_.empty()) {
            const std::optional<std::uint32_t> point = code_point();
            if (!point) {
                return std::nullopt;
            }
            append(*point, out);
        }
        return out;
    }

private:
    std::optional<std::uint32_t> unit() {
        if (units_.size() < 2) {
            return std::nullopt;
        }
        const auto first = static_cast<unsigned char>(units_[0]);
        const auto second = static_cast<unsigned char>(units_[1]);
        units_.remove_prefix(2);
        const std::uint32_t high = little_ ? second : first;
        const std::uint32_t low = little_ ? first : second;
        return (high << 8U) | low;
    }

    std::optional<std::uint32_t> code_point() {
        const std::optional<std::uint32_t> first = unit();
        if (!first || *first < kFirstHigh || *first >= kBehindLow) {
            return first;
        }
        const std::optional<std::uint32_t> second = *first < kFirstLow ? unit() : std::nullopt;
        if (!second || *second < kFirstLow || *second >= kBehindLow) {
            return std::nullopt;
        }
        return kFirstPair + ((*first - kFirstHigh) << 10U) + (*second - kFirstLow);
    }

    static void append(std::uint32_t point, std::string& out) {
        constexpr std::uint32_t kOneByte = 0x80;
        constexpr std::uint32_t kTwoBytes = 0x800;
        if (point < kOneByte) {
            out += static_cast<char>(point);
            return;
        }
        const unsigned more = point < kTwoBytes ? 1 : (point < kFirstPair ? 2 : 3);
        constexpr std::uint32_t kHeads[] = {0, 0xC0, 0xE0, 0xF0};
        out += static_cast<char>(kHeads[more] | (point >> (6U * more)));
        for (unsigned left = more; left > 0; --left) {
            out += static_cast<char>(0x80U | ((point >> (6U * (left - 1))) & 0x3FU));
        }
    }

    std::string_view units_;
    bool little_;
};

}  // namespace

Result<PlainText> PlainText::of(std::string_view body) {
    PlainText plain;
    plain.body_ = body;
    if (body.starts_with(kMarkUtf8)) {
        plain.body_.remove_prefix(kMarkUtf8.size());
    }
    const bool little = body.starts_with(kMarkLittle);
    if (!little && !body.starts_with(kMarkBig)) {
        return plain;
    }
    std::optional<std::string> own = Utf16Reader(body.substr(2), little).read();
    if (!own) {
        return invalid_argument("is broken UTF-16");
    }
    plain.own_ = std::move(*own);
    plain.is_own_ = true;
    return plain;
}

}  // namespace cxedge::devices
