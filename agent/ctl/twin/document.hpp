// SPDX-License-Identifier: Apache-2.0
// Keys of operations, and documents signed with them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"
#include "agent/ctl/exit_code.hpp"
#include "agent/wire/desired.hpp"

namespace cxedge::ctl {

struct KeygenOptions {
    std::string out_file;
    bool json = false;
};
// Writes a new private key (PEM, 0600; never over another) and prints its public key.
ExitCode run_keygen(const KeygenOptions& options);

inline constexpr const char* kAnyParent = "any";

struct DocumentOptions {
    std::string config_file;  // TOML; "-": standard input
    std::vector<std::string> key_files;
    std::string tenant;
    std::string node;
    std::string group;
    std::uint64_t generation = 0;  // 0: the present time in ms, which only grows
    std::int64_t trial_s = 120;
    std::int64_t valid_h = 0;  // from now; 0: for ever
    std::string min_version;
    // SHA-256, hexadecimal; kAnyParent: whatever it runs. Empty: push takes what the node reports.
    std::string parent;
    std::vector<std::string> new_keys;
    bool retry = false;
};
// What is to be signed, without the percentage of a stage. Errors say which option is wrong.
Result<wire::Desired> desired_of(const DocumentOptions& options, WallTime now);
// Signed with every key of the options: an Envelope.
Result<std::string> sign_desired(const DocumentOptions& options, const wire::Desired& desired);

struct SignOptions {
    DocumentOptions document;
    std::string out_file = "-";
    bool json = false;  // what was signed, on standard output
};
ExitCode run_sign(const SignOptions& options);

struct VerifyOptions {
    std::string file;
    std::vector<std::string> pins;  // public keys
    bool json = false;
};
// Who signed it and what it says; status 1 if no pinned key did.
ExitCode run_verify(const VerifyOptions& options);

}  // namespace cxedge::ctl
