#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""man_page.py program NAME SECTION BODY VERSION DATE COMMAND...   page of a program, from its --help
man_page.py settings NAME SECTION BODY VERSION DATE SAMPLE...    page of the site file: the sample that
                                                                 explains every key, folders of plugins

Prints a manual page (man(7)). BODY holds what --help does not say: "NAME LINE" first, then "## HEADING"
and paragraphs; a line that begins with four spaces is shown as it is. Verbs, options and settings come
from the program and the samples themselves."""
import pathlib
import re
import subprocess
import sys


def escaped(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text.startswith((".", "'")) else text


def paragraphs(text):
    """Lines of roff for plain text; indented lines keep their form."""
    out, literal = [], False
    for line in text.strip("\n").split("\n"):
        indented = line.startswith("    ")
        if indented != literal:
            out.append(".EX" if indented else ".EE")
            literal = indented
        if line or literal:
            out.append(escaped(line))
        else:
            out.append(".PP")
    return out + ([".EE"] if literal else [])


def name_and_text(line):
    """Of a line of --help: the text begins in column 30, or behind two spaces, or on the next line."""
    if len(line) > 30 and line[29] == " " and line[30] != " ":
        return [line[:30].strip(), line[30:].strip()]
    name, _, text = line.strip().partition("  ")
    return [name, text.strip()]


class Help:
    """One --help text of a CLI11 program."""

    def __init__(self, command, path):
        shown = subprocess.run(command + path + ["--help"], capture_output=True, text=True, check=True)
        self.path = path
        self.sections = {"": []}
        section = ""
        for line in shown.stdout.split("\n"):
            if re.fullmatch(r"[A-Z][a-z]+:", line):
                section = line[:-1]
                self.sections[section] = []
            elif line and not line.startswith(" ") and section:
                section = "After"
                self.sections.setdefault(section, []).append(line)
            else:
                self.sections[section].append(line)

    def entries(self, section):
        """(name, text) of each entry."""
        entries = []
        for line in self.sections.get(section, []):
            if re.match(r"  \S", line):
                entries.append(name_and_text(line))
            elif line.strip() and entries:
                entries[-1][1] += " " + line.strip()
        return entries

    def summary(self):
        return " ".join(line for line in self.sections[""] if not line.startswith("Usage:")).strip()


def entry_lines(entries):
    out = []
    for name, text in entries:
        out += [".TP", ".B " + escaped(name), escaped(text.strip())]
    return out


def program_lines(command, name, path=()):
    """Options and verbs, then those of each verb below a heading of its own."""
    help_text = Help(command, list(path))
    if path:
        out = [".SS " + escaped(" ".join([name, *path])), escaped(help_text.summary())]
    else:
        out = [".SH OPTIONS"]
    options = help_text.entries("Positionals") + help_text.entries("Options")
    out += entry_lines([entry for entry in options if not (path and entry[0] == "-h,--help")])
    if path:
        out += [line for text in help_text.sections.get("After", []) for line in (".PP", escaped(text))]
    verbs = [verb for verb, _ in help_text.entries("Subcommands")]
    if verbs and not path:
        out += [".SH COMMANDS"]
    for verb in verbs:
        out += program_lines(command, name, (*path, verb))
    return out


def plain(text):
    """Markdown of a table cell or a paragraph as text."""
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text)
    return text.replace("\\|", "|").replace("`", "").replace("**", "").strip()


def plugin_lines(folder):
    """What a plugin is (begin of its README), its sample, and its tables "key | default | meaning"."""
    readme = (folder / "README.md").read_text()
    paragraph = readme.split("\n\n")[1].replace("\n", " ")
    out = [".SS " + escaped(f'Sources: plugin = "{folder.name}"'), escaped(plain(paragraph))]
    out += [".PP", ".EX", *map(escaped, (folder / "sample.toml").read_text().rstrip().split("\n")), ".EE"]
    in_table = False
    for line in readme.split("\n"):
        cells = [plain(cell) for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells == ["key", "default", "meaning"]:
            in_table = True
        elif len(cells) != 3:
            in_table = False
        elif in_table and not cells[0].startswith("---"):
            out += [".TP", f"\\fB{escaped(cells[0])}\\fR (default: {escaped(cells[1])})", escaped(cells[2])]
    return out


def reference_lines(sample):
    """The site file that explains every key: remarks as text, the rest as it is."""
    out = [".SS Settings of the agent"]
    for block in re.split(r"\n\s*\n", sample.read_text().strip()):
        is_remark = re.compile(r"# (?!\w+ = )|#$").match
        lines = block.split("\n")
        remarks = " ".join(line[2:] for line in lines if is_remark(line))
        code = [escaped(line) for line in lines if not is_remark(line)]
        out += [".PP"] + ([".EX", *code, ".EE", ".RS 4"] if code else [])
        out += ([escaped(remarks)] if remarks else []) + ([".RE"] if code else [])
    return out


def settings_lines(path):
    path = pathlib.Path(path)
    return plugin_lines(path) if path.is_dir() else reference_lines(path)


def main(kind, name, section, body, version, date, *sources):
    summary, _, rest = pathlib.Path(body).read_text().partition("\n")
    out = [f'.TH {name} {section} {date} "cxedge {version}" cxedge', ".SH NAME",
           escaped(f"{name} - {summary}").replace("\\- ", "\\- ", 1)]
    generated = (program_lines(list(sources), name) if kind == "program"
                 else [".SH SETTINGS", *(line for path in sources for line in settings_lines(path))])
    for part in re.split(r"^## ", rest, flags=re.MULTILINE)[1:]:
        heading, _, text = part.partition("\n")
        if heading == "GENERATED":
            out += generated
        else:
            out += [f'.SH "{heading}"', *paragraphs(text)]
    print("\n".join(out))


if __name__ == "__main__":
    main(*sys.argv[1:])
