// SPDX-License-Identifier: Apache-2.0
#include "agent/app/secret_words.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace cxedge::app {
namespace {

constexpr std::string_view kMask = "***";
constexpr std::size_t kTicket = 24;

bool is_letter(char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0;
}

bool is_digit(char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

bool in_word(char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '+' || c == '%';
}

std::string lower(std::string_view text) {
    std::string low(text);
    std::transform(low.begin(), low.end(), low.begin(), [](char c) {
        return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    });
    return low;
}

template <std::size_t N>
bool has_any(const std::string& word, const std::array<std::string_view, N>& stems) {
    return std::any_of(stems.begin(), stems.end(), [&word](std::string_view stem) {
        return word.find(stem) != std::string::npos;
    });
}

// Whether what follows `word` is a secret, or names one.
bool announces_secret(std::string_view word, std::string_view rest) {
    static constexpr std::array<std::string_view, 9> kAlways{
        "passw",
        "passphrase",
        "pwd",
        "secret",
        "token",
        "bearer",
        "credential",
        "cookie",
        "private"};
    static constexpr std::array<std::string_view, 2> kNamed{"key", "auth"};
    const std::string low = lower(word);
    const std::size_t mark = rest.find_first_not_of(" \"'");
    const bool named = mark != std::string_view::npos && (rest[mark] == '=' || rest[mark] == ':');
    return !rest.empty() && (has_any(low, kAlways) || (named && has_any(low, kNamed)));
}

bool is_ticket(std::string_view word) {
    return word.size() >= kTicket && std::any_of(word.begin(), word.end(), is_letter) &&
           std::any_of(word.begin(), word.end(), is_digit);
}

std::string without_known(std::string line, const std::vector<std::string>& known) {
    for (const std::string& secret : known) {
        for (std::size_t at = line.find(secret); !secret.empty() && at != std::string::npos;
             at = line.find(secret, at + kMask.size())) {
            line.replace(at, secret.size(), kMask);
        }
    }
    return line;
}

}  // namespace

std::string SecretWords::without(std::string_view line) const {
    const std::string text = without_known(std::string(line), known_);
    std::string_view rest = text;
    std::string out;
    while (!rest.empty()) {
        if (rest.rfind("://", 0) == 0) {
            out += "://" + std::string(kMask);
            rest.remove_prefix(std::min(rest.find_first_of(" \"'\n"), rest.size()));
            continue;
        }
        const auto* const end = std::find_if_not(rest.begin(), rest.end(), in_word);
        const auto size = static_cast<std::size_t>(end - rest.begin());
        const std::string_view word = rest.substr(0, std::max<std::size_t>(size, 1));
        rest.remove_prefix(word.size());
        out += is_ticket(word) ? kMask : word;
        if (size > 0 && announces_secret(word, rest)) {
            return out + " " + std::string(kMask);
        }
    }
    return out;
}

}  // namespace cxedge::app
