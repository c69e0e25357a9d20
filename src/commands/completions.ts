import { defineVerb } from "../cli/command.ts";

/**
 * Scripts that ask `chat complete` each time, so that they hold for every version. Nothing of the
 * typed line is ever evaluated. Where chat knows nothing, the shell completes files.
 */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_chat() {
  local line=\${COMP_LINE:0:COMP_POINT} word head
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
  head=\${words[\${#words[@]} - 1]}
  head=\${head%"\${head##*[:=]}"}
  while IFS= read -r word; do
    COMPREPLY+=("\${word#"$head"}")
  done < <(chat complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _chat chat
`,
  zsh: `#compdef chat
_chat() {
  local -a found names about
  local one
  found=("\${(@f)$(chat complete --describe -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -z "$found[1]" ]]; then _files; return; fi
  for one in "\${found[@]}"; do
    names+=("\${one%%$'\\t'*}")
    about+=("\${one/$'\\t'/  }")
  done
  compadd -l -d about -a names
}
if [[ "$funcstack[1]" = _chat ]]; then _chat "$@"; else compdef _chat chat; fi
`,
  fish: `function __chat_complete
    set -l words (commandline -opc) (commandline -ct)
    chat complete --describe -- $words[2..-1] 2>/dev/null
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
  args: {
    shell: { type: "positional", words: ["bash", "zsh", "fish"], description: "bash, zsh or fish" },
  },
  details: `Once, in your shell; it takes effect in the next one:
bash: ${installLine("bash")}
zsh:  ${installLine("zsh")}
      and in ~/.zshrc, above compinit: fpath=(~/.zfunc $fpath)
fish: ${installLine("fish")}`,
  async run({ shell }, context) {
    context.stdout.write(SCRIPTS[shell] ?? "");
    return 0;
  },
});
