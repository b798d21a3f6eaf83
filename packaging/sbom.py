#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""sbom.py PACKAGE VERSION SYSROOT PROGRAM...: SPDX 2.3 (JSON) of what the programs are made of: libraries
they are linked to, and header-only ones compiled in. SYSROOT is empty for programs of this machine, else
a root file system with packages.txt. Environment: SOURCE_DATE_EPOCH."""
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys

HEADER_ONLY = ["libcli11-dev", "libspdlog-dev", "libtomlplusplus-dev", "nlohmann-json3-dev"]


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def needed(program):
    return re.findall(r"\(NEEDED\).*\[(\S+)\]", output("readelf", "-d", program))


class ThisMachine:
    """Packages as dpkg knows them, libraries as the loader finds them."""

    def __init__(self, programs):
        listed = "\n".join(output("ldd", program) for program in programs)
        self.paths = dict(re.findall(r"^\s*(\S+) => (/\S+)", listed, re.MULTILINE))
        self.paths |= {os.path.basename(path): path for path in re.findall(r"^\s*(/\S+) \(", listed, re.MULTILINE)}

    def owner(self, soname):
        path = self.paths[soname]
        # With /lib a link to /usr/lib, dpkg knows a file by one of its names.
        for name in (path, os.path.realpath(path), "/usr" + path, path.removeprefix("/usr")):
            found = subprocess.run(["dpkg-query", "-S", name], capture_output=True, text=True)
            # Debian 13's libc6 diverts the loader: lines "diversion by libc6 from: ..." come first.
            owners = re.findall(r"^(?!diversion by )([a-z0-9.+-]+)[:,]", found.stdout, re.MULTILINE)
            if owners:
                return owners[0]
        sys.exit(f"sbom.py: no package owns {path}")

    def version(self, package):
        return output("dpkg-query", "-W", "-f", "${Version}\n", package).split("\n")[0]


class Sysroot:
    """Packages by shlibs.local and the list of what was unpacked."""

    def __init__(self, root):
        here = pathlib.Path(__file__).parent
        shlibs = [line.split() for line in (here / "cross.shlibs").read_text().splitlines()]
        self.packages = {(row[0], row[1]): row[2] for row in shlibs if row and row[0] != "#"}
        self.versions = dict(line.split() for line in (pathlib.Path(root) / "packages.txt").open())

    def owner(self, soname):
        name, number = (re.match(r"(.*)\.so\.(.*)", soname) or re.match(r"(.*)-(\d+)\.so", soname)).groups()
        return self.packages[(name, number)]

    def version(self, package):
        return self.versions[package]


def spdx_id(name):
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)


def entry(name, version, **more):
    return {"SPDXID": spdx_id(name), "name": name, "versionInfo": version, "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False, "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION",
            "copyrightText": "NOASSERTION", **more}


def library(name, version, sonames):
    purl = f"pkg:deb/debian/{name}@{version.replace('+', '%2B').replace(':', '%3A')}"
    reference = {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}
    comment = "provides " + ", ".join(sonames) if sonames else "headers, compiled in"
    return entry(name, version, supplier="Organization: Debian", externalRefs=[reference], comment=comment)


def main(package, version, sysroot, *programs):
    system = Sysroot(sysroot) if sysroot else ThisMachine(programs)
    linked = {}
    for soname in sorted({name for program in programs for name in needed(program)}):
        linked.setdefault(system.owner(soname), []).append(soname)
    packages = [library(name, system.version(name), sonames) for name, sonames in sorted(linked.items())]
    packages += [library(name, system.version(name), []) for name in HEADER_ONLY]
    relations = [(name, "DYNAMIC_LINK") for name in sorted(linked)] + [(name, "STATIC_LINK") for name in HEADER_ONLY]
    created = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
    own = entry(package, version, licenseDeclared="Apache-2.0", supplier="Organization: cxedge maintainers",
                primaryPackagePurpose="APPLICATION")
    json.dump({
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"{package}-{version}",
        "documentNamespace": f"https://cxedge.example/spdx/{package}-{version}",
        "creationInfo": {"created": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
                         "creators": ["Organization: cxedge maintainers", "Tool: packaging/sbom.py"]},
        "packages": [own, *packages],
        "relationships": [
            {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": spdx_id(package)},
            *({"spdxElementId": spdx_id(package), "relationshipType": how, "relatedSpdxElement": spdx_id(name)}
              for name, how in relations)],
    }, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main(*sys.argv[1:])
