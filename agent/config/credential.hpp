// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace cxedge::config {

// A file with a secret is named by its path, or as "credential:NAME": what the service manager
// hands over (systemd.exec(5), LoadCredential=). check(): what is wrong, or empty.
std::string check_optional_secret_file(const std::string& text);

// Its path. NAME lies in $CREDENTIALS_DIRECTORY; without that variable, as in a shell, where
// systemd keeps the credentials of cxedged.service. Whether it exists is for the reader to find
// out. Thread: main's, before others start (getenv).
std::string secret_file_path(const std::string& text);

}  // namespace cxedge::config
