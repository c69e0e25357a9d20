/** `chat completions`, `chat complete` and `chat man`, which derive from the table of commands. */

import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Fault, unlessFault } from "../base/fault.ts";
import { quoteText } from "../base/text.ts";
import { VERSION } from "../base/version.ts";
import { startProgram } from "../cli/child-program.ts";
import {
  argument,
  type CommandTable,
  defineVerb,
  flag,
  stringFlag,
  type VerbRow,
  type VerbTable,
} from "../cli/command.ts";
import { completionsFor, formatCompletion } from "../cli/completion.ts";
import type { Context } from "../cli/context.ts";
import { usageFault } from "../cli/errors.ts";
import { pageName, plainManual, tableManual, verbManual } from "../cli/help.ts";
import { Pager } from "../cli/output/pager.ts";
import { printResult } from "../cli/output/result.ts";
import type { Environment } from "../cli/settings.ts";
import { nearestWord } from "../cli/suggest.ts";
import { wrapWords } from "../cli/word-wrap.ts";
import { onDisk } from "../io/disk/disk.ts";
import { makeTemporaryFile } from "../io/disk/temporary-folder.ts";
import { absolutePath } from "../io/disk/working-folder.ts";

/**
 * Scripts that call `chat complete`, so that they work with every version. The typed line is never
 * evaluated: its quotes are removed as plain text. If a path is expected, `chat complete` fails,
 * and the shell completes the path.
 */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_chat() {
  local line=\${COMP_LINE:0:COMP_POINT} word head found quoted=
  local -a words=()
  local -i i
  COMPREPLY=()
  # Bash cuts words at :, = and @; where no blank stands between two, they are one.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    head=\${line%%"$word"*}
    [[ -z $word ]] && head=$line
    if [[ i -gt 0 && -z $head ]]; then words[\${#words[@]} - 1]+=$word
    else words+=("$word"); fi
    [[ -n $word ]] && line=\${line#"$head$word"}
  done
  for ((i = 0; i < \${#words[@]}; i++)); do
    word=\${words[i]}
    quoted=\${word%%[!\\"\\']*}
    word=\${word//[\\"\\'\\\\]/}
    words[i]=$word
  done
  if ! found=$(@PROGRAM@ complete -- "\${words[@]:1}" 2>/dev/null); then return; fi
  # A word of ours is no file, even if there is none. Bash before 4 has no compopt.
  compopt +o default -o nosort 2>/dev/null
  [[ -z $found ]] && return
  # A code continues with its next word.
  [[ $found = *- ]] && compopt -o nospace 2>/dev/null
  # Readline replaces what stands behind the last : or =, but all of a word that begins quoted.
  head=\${word%"\${word##*[:=]}"}
  [[ -n $quoted ]] && head=
  while IFS= read -r word; do
    COMPREPLY+=("\${word#"$head"}")
  done <<<"$found"
}
complete -o default -F _chat chat lanchat
`,
  zsh: `#compdef chat lanchat
_chat() {
  local -a typed names about shown
  local one found
  local -i width=0
  local -a suffix=()
  typed=("\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}")
  if ! found=$(@PROGRAM@ complete --describe -- "\${(@)typed}" 2>/dev/null); then
    [[ $PREFIX = --*=* ]] && compset -P '*='
    _files
    return
  fi
  [[ -z $found ]] && return 1
  # A code continues with its next word.
  [[ $found = *- ]] && suffix=(-S '')
  for one in "\${(@f)found}"; do
    names+=("\${one%%$'\\t'*}")
    (( $#names[-1] > width )) && width=$#names[-1]
  done
  if [[ $found != *$'\\t'* ]]; then compadd "\${(@)suffix}" -V chat -a names; return; fi
  for one in "\${(@f)found}"; do
    about=("\${(@ps:\\t:)one}")
    shown+=("\${(r:width:)about[1]}  $about[2]")
  done
  compadd -V chat -l -d shown -a names
}
if [[ "$funcstack[1]" = _chat ]]; then _chat "$@"; else compdef _chat chat lanchat; fi
`,
  fish: `function __chat_complete
    set -l words (commandline -opc)
    set -l token (commandline -ct | string replace -ar '["\\'\\\\\\\\]' '')
    set -l found (@PROGRAM@ complete --describe -- $words[2..-1] "$token" 2>/dev/null)
    if test $status -eq 0
        string join \\n -- $found
    else
        # What stands before the path of --flag=PATH belongs to the word.
        set -l flag (string match -r -- '^--[a-z-]+=' (commandline -ct))
        set -l path (commandline -ct | string replace -r -- '^--[a-z-]+=' '')
        for found in (__fish_complete_path "$path")
            string join '' -- "$flag" $found
        end
    end
end
complete -c chat -c lanchat -f -k -a '(__chat_complete)'
`,
  powershell: `Register-ArgumentCompleter -Native -CommandName chat, lanchat -ScriptBlock {
  param($Word, $Ast, $Cursor)
  $Typed = @($Ast.CommandElements | Select-Object -Skip 1 |
    Where-Object { $_.Extent.EndOffset -lt $Cursor } |
    ForEach-Object { if ($null -ne $_.Value) { [string]$_.Value } else { $_.Extent.Text } })
  # PowerShell before 7.3 drops empty arguments, and passes quotes in them on.
  $Last = $Word.Trim([char[]]""'")
  if ($Last -eq '' -and $PSVersionTable.PSVersion -lt [version]'7.3') { $Last = '""' }
  $Found = & @PROGRAM@ complete --describe -- $Typed $Last 2>$null
  # Without results, PowerShell completes paths.
  if ($LASTEXITCODE -ne 0) { return }
  foreach ($Line in $Found) {
    $Name, $About = $Line -split "\t", 2
    if (-not $About) { $About = $Name }
    $Text = if ($Name -match '^[w./:=+%-]+$') { $Name } else { "'$Name'" }
    [System.Management.Automation.CompletionResult]::new($Text, $Name, 'ParameterValue', $About)
  }
}
`,
};

/** Placeholder for PROGRAM in the scripts. */
const PROGRAM = "@PROGRAM@";
const NAMES = ["chat", "lanchat"];

const INSTALL_PATHS = {
  bash: ["~/.local/share/bash-completion/completions", "chat"],
  zsh: ["~/.zfunc", "_chat"],
  fish: ["~/.config/fish/completions", "chat.fish"],
} as const;

function installCommand(shell: keyof typeof INSTALL_PATHS): string {
  const [folder, file] = INSTALL_PATHS[shell];
  return `mkdir -p ${folder} && chat completions ${shell} > ${folder}/${file}`;
}

export const completions = defineVerb({
  args: {
    shell: argument("bash, zsh, fish or powershell", {
      choices: ["bash", "zsh", "fish", "powershell"],
    }),
    program: stringFlag("NAME", "Name or path that the script calls (Default: this program)"),
  },
  details: `Once, in your shell; it takes effect in the next one:
bash: ${installCommand("bash")}
zsh:  ${installCommand("zsh")}
      and in ~/.zshrc, above compinit: fpath=(~/.zfunc $fpath)
fish: ${installCommand("fish")}
powershell: in the file $PROFILE: chat completions powershell | Out-String | Invoke-Expression`,
  async run({ shell, program }, context) {
    const path = program ?? installedPath(context.env);
    const called = shell === "powershell" ? powershellWord(path) : shellWord(path);
    context.stdout.write((SCRIPTS[shell] ?? "").replace(PROGRAM, () => called));
    return 0;
  },
});

/**
 * Path of this program as the user finds it, for example a link that outlives an upgrade. Another
 * program named chat may come first, such as ppp's, which waits for a modem.
 */
function installedPath(env: Environment): string {
  const execPath = realpathSync(process.execPath);
  const paths = NAMES.flatMap((name) => Bun.which(name, { PATH: env["PATH"] ?? "" }) ?? []);
  return paths.find((path) => realpathSync(path) === execPath) ?? execPath;
}

/** Quotes the text for bash, zsh and fish. */
function shellWord(text: string): string {
  return /^[\w./+@%:,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function powershellWord(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Exit status that makes the shell complete the path itself. */
const EXIT_PATHS = 4;

/**
 * Called by the scripts of `chat completions` with the words after `chat`, of which the last is
 * incomplete.
 */
export const complete = ({ verbs }: CommandTable) =>
  defineVerb({
    args: {
      words: argument("Words typed so far", { required: false, many: true }),
      describe: flag("Add a tab and a description"),
    },
    async run({ words = [], describe }, context) {
      const candidates = await completionsFor(context, verbs, words);
      if (candidates === "paths") return EXIT_PATHS;
      for (const word of candidates) {
        context.stdout.write(`${describe ? formatCompletion(word) : word.word}\n`);
      }
      return 0;
    },
  });

/** Opens a manual page on a terminal, and prints its source elsewhere. */
export const man = ({ summary, verbs }: CommandTable) =>
  defineVerb({
    args: {
      words: argument("Command (Default: chat itself)", {
        required: false,
        many: true,
        valueHint: "COMMAND",
      }),
      install: stringFlag("DIR", "Write all pages to DIR/man1"),
    },
    details: "Opens the page on a terminal, and prints roff elsewhere, for man, groff and mandoc.",
    async run({ words = [], install }, context) {
      if (install === undefined) {
        const page = await manual("chat", { summary }, verbs, words);
        if (context.stdout.isTerminal) await openManual(context, page);
        else context.stdout.write(page);
        return 0;
      }
      if (words.length > 0) {
        throw usageFault("--install and a command cannot be combined", "remove one of them");
      }
      const folder = join(absolutePath(install), SECTION);
      const names = await allNames("chat", verbs);
      await onDisk(folder, async () => {
        mkdirSync(folder, { recursive: true });
        for (const name of names) {
          const [, ...path] = name.split(" ");
          const page = await manual("chat", { summary }, verbs, path);
          writeFileSync(join(folder, `${pageName(name)}.1`), page);
        }
      });
      const line = { kind: "manual", path: folder, pages: names.length };
      return printResult(context, line, `wrote ${names.length} pages to ${folder}`);
    },
  });

async function openManual(context: Context, page: string): Promise<void> {
  const man = Bun.which("man", { PATH: context.env["PATH"] ?? "" });
  if (man !== null && (await runMan(context, man, page))) return;
  const text = wrapWords(context.stdout, plainManual(page));
  await using pager = Pager.open(context);
  if (pager === undefined) context.stdout.write(text);
  else await pager.write(text);
}

/** @returns false if the program has failed */
async function runMan({ env, onSignal }: Context, man: string, page: string): Promise<boolean> {
  const file = unlessFault(() => makeTemporaryFile("chat-man-", "chat.1", page));
  if (file === undefined) return false; // Without a file, `man` cannot show the page.
  const release = onSignal(() => {});
  try {
    const child = startProgram([man, file.path], env, { stdio: ["inherit", "inherit", "ignore"] });
    return (await child.exited) === 0;
  } finally {
    release();
    file.remove();
  }
}

const SECTION = "man1";

async function allNames(name: string, verbs: VerbTable): Promise<string[]> {
  const names = [name];
  for (const [word, row] of Object.entries(verbs)) {
    if (row.hidden === true) continue;
    const { command } = await row.load();
    const innerRow = `${name} ${word}`;
    if (command.kind === "group") names.push(...(await allNames(innerRow, command.verbs)));
    else names.push(innerRow);
  }
  return names;
}

async function manual(
  name: string,
  row: Pick<VerbRow, "summary" | "examples">,
  verbs: VerbTable,
  words: readonly string[],
): Promise<string> {
  const [word, ...remaining] = words;
  const page = { name, row, version: VERSION };
  if (word === undefined) return tableManual(page, verbs);
  const innerRow = Object.hasOwn(verbs, word) ? verbs[word] : undefined;
  if (innerRow === undefined) throw unknownPage(word, name, Object.keys(verbs));
  const { command: loaded } = await innerRow.load();
  const innerName = `${name} ${word}`;
  if (loaded.kind === "group") return manual(innerName, innerRow, loaded.verbs, remaining);
  if (remaining[0] !== undefined) throw unknownPage(remaining[0], innerName, []);
  return verbManual({ name: innerName, row: innerRow, version: VERSION }, loaded);
}

function unknownPage(word: string, name: string, names: readonly string[]): Fault {
  const suggestion = nearestWord(word, names);
  return new Fault("usage", `${name} has no command ${quoteText(word)}`, {
    remedy: suggestion === undefined ? `see ${name} --help` : `did you mean ${suggestion}?`,
  });
}
