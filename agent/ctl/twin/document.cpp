// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/twin/document.hpp"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "agent/base/ids.hpp"
#include "agent/base/unique_fd.hpp"
#include "agent/ctl/files.hpp"
#include "agent/ctl/terminal.hpp"
#include "agent/ctl/twin/reported_text.hpp"
#include "agent/remote/envelope.hpp"
#include "agent/remote/signing.hpp"
#include "agent/wire/envelope.hpp"

namespace cxedge::ctl {
namespace {

constexpr std::size_t kMaxKeyBytes = 16UL * 1024UL;

// Never over another file: a key that is gone cannot be replaced.
Status write_key(const std::string& path, const std::string& pem) {
    const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kPrivateFile)
    );
    if (!file) {
        return system_error(path, errno);
    }
    const ssize_t written = ::write(file.get(), pem.data(), pem.size());
    const bool whole = written >= 0 && static_cast<std::size_t>(written) == pem.size();
    return whole && ::fsync(file.get()) == 0 ? Status() : Status(system_error(path, errno));
}

Result<remote::SigningKey> read_key(const std::string& path) {
    const auto pem = read_file(path, kMaxKeyBytes);
    if (!pem) {
        return pem.error();
    }
    auto key = remote::SigningKey::from_pem(*pem);
    return key ? std::move(key) : Result<remote::SigningKey>(key.error().during(path));
}

// 32 bytes of hexadecimal digits, as a public key's are read.
Result<std::string> hash_of_text(const std::string& text) {
    const auto bytes = remote::PublicKey::parse("ed25519:" + text);
    return bytes ? Result<std::string>(bytes->bytes())
                 : invalid_argument("--parent: \"" + text + "\" is not 64 digits 0-9a-f");
}

Status add_new_keys(const std::vector<std::string>& texts, wire::Desired& desired) {
    for (const std::string& text : texts) {
        const auto key = remote::PublicKey::parse(text);
        if (!key) {
            return key.error().during("--new-key");
        }
        desired.keys.push_back(key->bytes());
    }
    return {};
}

ExitCode print_json(const nlohmann::ordered_json& object) {
    return write_out(json_line_of(object)) ? ExitCode::ok : ExitCode::failed;
}

nlohmann::ordered_json json_of(const wire::Desired& desired) {
    return {
        {"tenant", desired.tenant},
        {"node", desired.node},
        {"group", desired.group},
        {"generation", desired.generation},
        {"hash", to_hex(remote::sha256(desired.config))},
        {"parent_hash", to_hex(desired.parent_hash)},
        {"trial_s", desired.trial.count()}};
}

std::string describe_document(const wire::Desired& desired) {
    const bool node = !desired.node.empty();
    return fmt::format(
        "{} {}/{}, generation {}, configuration {}, trial {} s\n{}",
        node ? "node" : "group",
        desired.tenant,
        node ? desired.node : desired.group,
        desired.generation,
        to_hex(remote::sha256(desired.config)),
        desired.trial.count(),
        desired.config
    );
}

}  // namespace

ExitCode run_keygen(const KeygenOptions& options) {
    const auto key = remote::SigningKey::generate();
    const auto pem = key ? key->pem() : Result<std::string>(key.error());
    if (!pem) {
        return fail(pem.error());
    }
    if (const Status written = write_key(options.out_file, *pem); !written) {
        return fail(written.error());
    }
    if (options.json) {
        return print_json(
            {{"private_key_file", options.out_file}, {"public_key", key->public_key().text()}}
        );
    }
    note("the private key is in " + options.out_file + "; boxes get this line in [remote] keys:");
    return write_out(key->public_key().text() + "\n") ? ExitCode::ok : ExitCode::failed;
}

Result<wire::Desired> desired_of(const DocumentOptions& options, WallTime now) {
    auto config = read_file(options.config_file, wire::kMaxEnvelopeBytes);
    if (!config) {
        return config.error();
    }
    wire::Desired desired;
    desired.tenant = options.tenant;
    desired.node = options.node;
    desired.group = options.group;
    desired.generation =
        options.generation != 0 ? options.generation : static_cast<std::uint64_t>(unix_ms(now));
    desired.trial = std::chrono::seconds(options.trial_s);
    desired.not_after =
        options.valid_h == 0 ? WallTime{} : now + std::chrono::hours(options.valid_h);
    desired.min_agent_version = options.min_version;
    desired.retry = options.retry;
    desired.config = std::move(*config);
    if (!options.parent.empty() && options.parent != kAnyParent) {
        auto parent = hash_of_text(options.parent);
        if (!parent) {
            return parent.error();
        }
        desired.parent_hash = std::move(*parent);
    }
    if (const Status added = add_new_keys(options.new_keys, desired); !added) {
        return added.error();
    }
    // A box reads it the same way: what it would refuse is not signed.
    return wire::decode_desired(wire::encode_desired(desired));
}

Result<std::string> sign_desired(const DocumentOptions& options, const wire::Desired& desired) {
    std::vector<remote::SigningKey> keys;
    for (const std::string& file : options.key_files) {
        auto key = read_key(file);
        if (!key) {
            return key.error();
        }
        keys.push_back(std::move(*key));
    }
    std::vector<const remote::SigningKey*> signers;
    signers.reserve(keys.size());
    for (const remote::SigningKey& key : keys) {
        signers.push_back(&key);
    }
    return remote::seal_envelope(remote::Purpose::desired, wire::encode_desired(desired), signers);
}

ExitCode run_sign(const SignOptions& options) {
    const SystemClock clock;
    const auto desired = desired_of(options.document, clock.wall_now());
    if (!desired) {
        return fail(desired.error());
    }
    const auto sealed = sign_desired(options.document, *desired);
    if (!sealed) {
        return fail(sealed.error());
    }
    if (options.out_file == "-") {
        return write_out(*sealed) ? ExitCode::ok : ExitCode::failed;
    }
    if (const Status written = write_file(options.out_file, *sealed); !written) {
        return fail(written.error());
    }
    return options.json ? print_json(json_of(*desired)) : ExitCode::ok;
}

ExitCode run_verify(const VerifyOptions& options) {
    const auto payload = read_file(options.file, wire::kMaxEnvelopeBytes);
    if (!payload) {
        return fail(payload.error());
    }
    std::vector<remote::PublicKey> pins;
    for (const std::string& text : options.pins) {
        const auto key = remote::PublicKey::parse(text);
        if (!key) {
            return fail(key.error());
        }
        pins.push_back(*key);
    }
    const auto opened = remote::open_envelope(remote::Purpose::desired, *payload, pins);
    const auto desired =
        opened ? wire::decode_desired(opened->body) : Result<wire::Desired>(opened.error());
    if (!desired) {
        fail(desired.error());
        return ExitCode::failed;
    }
    if (options.json) {
        nlohmann::ordered_json object = json_of(*desired);
        object["config"] = desired->config;
        object["signed_by"] = nlohmann::ordered_json::array();
        for (const remote::PublicKey& signer : opened->signers) {
            object["signed_by"].push_back(signer.text());
        }
        return print_json(object);
    }
    std::string text;
    for (const remote::PublicKey& signer : opened->signers) {
        text += "signed by " + signer.text() + "\n";
    }
    return write_out(text + describe_document(*desired)) ? ExitCode::ok : ExitCode::failed;
}

}  // namespace cxedge::ctl
