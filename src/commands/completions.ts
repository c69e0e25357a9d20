import { Fault } from "../base/fault.ts";
import { defineVerb } from "../cli/command.ts";

/**
 * Scripts that ask `chat complete` each time, so that they hold for every version. Nothing of the
 * typed line is ever evaluated. Where chat knows nothing, the shell completes files.
 */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_chat() {
  local word
  COMPREPLY=()
  while IFS= read -r word; do
    COMPREPLY+=("$word")
  done < <(chat complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _chat chat
`,
  zsh: `#compdef chat
_chat() {
  local -a found
  found=("\${(@f)$(chat complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$found[1]" ]]; then compadd -- "\${found[@]}"; else _files; fi
}
if [[ "$funcstack[1]" = _chat ]]; then _chat "$@"; else compdef _chat chat; fi
`,
  fish: `function __chat_complete
    set -l words (commandline -opc) (commandline -ct)
    chat complete -- $words[2..-1] 2>/dev/null
end
complete -c chat -a '(__chat_complete)'
`,
};

/** Where each shell looks: folder and file. */
const PLACES = {
  bash: ["~/.local/share/bash-completion/completions", "chat"],
  zsh: ["~/.zfunc", "_chat"],
  fish: ["~/.config/fish/completions", "chat.fish"],
} as const;

function installLine(shell: keyof typeof PLACES): string {
  const [folder, file] = PLACES[shell];
  return `mkdir -p ${folder} && chat completions ${shell} > ${folder}/${file}`;
}

export const command = defineVerb({
  args: { shell: { type: "positional", description: "bash, zsh or fish" } },
  details: `Once, in your shell; it takes effect in the next one:
bash: ${installLine("bash")}
zsh:  ${installLine("zsh")}
      and in ~/.zshrc, above compinit: fpath=(~/.zfunc $fpath)
fish: ${installLine("fish")}`,
  async run({ shell }, context) {
    const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
    if (script === undefined) {
      throw new Fault("usage", `'${shell.slice(0, 40)}' is no shell that chat knows`, {
        remedy: `use ${Object.keys(SCRIPTS).join(", ")}`,
      });
    }
    context.stdout.write(script);
    return 0;
  },
});
