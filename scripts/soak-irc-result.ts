/** Criteria and report of `npm run soak -- irc`. */
import { chromiumPath } from "../test/installed.ts";
import { type Findings, REPEAT_WINDOW_MS } from "./soak-irc-check.ts";
import { describeRun, renderTable, renderVerdicts, type Verdict } from "./soak-report.ts";

export interface IrcRun {
  readonly seconds: number;
  readonly commit: string;
  readonly seed: number;
  readonly rounds: number;
  readonly posts: number;
  /** Actions and disruptions, by name. */
  readonly counts: ReadonlyMap<string, number>;
  readonly failures: readonly string[];
  readonly programs: readonly { readonly title: string; readonly findings: Findings }[];
}

const LINES_PRINTED = 20;
const VERSION_COMMANDS = [
  ["WeeChat", "weechat-headless"],
  ["irssi", "irssi"],
  ["Chromium", chromiumPath],
] as const;

function versions(): string {
  const found = VERSION_COMMANDS.map(([title, command]) => {
    const output = Bun.spawnSync([command, "--version"]).stdout.toString();
    return `${title} ${/\d+(?:\.\d+)+/.exec(output)?.[0] ?? "of unknown version"}`;
  });
  return found.join(", ");
}

function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

export function ircVerdicts({ rounds, posts, programs, failures, counts }: IrcRun): Verdict[] {
  const perProgram = programs.map(({ title, findings }) => {
    const { lost, repeated, repeatedInWindow, wrong } = findings;
    return {
      subject: title,
      criterion:
        "displays each text, file and edit of its rooms and conversations, once, except after " +
        `a disconnection those of the last ${REPEAT_WINDOW_MS / 1000} s (IRC)`,
      found:
        `${lost.size} lost, ${total(repeatedInWindow)} repeated within that time, ` +
        `${total(repeated)} outside it, ${wrong.size} wrong`,
      isMet: posts > 0 && lost.size + repeated.size + wrong.size === 0,
    };
  });
  const downloads = counts.get("downloads") ?? 0;
  return [
    ...perProgram,
    {
      subject: "actions and files",
      criterion: "each is recorded; curl fetches each file from both links, with its SHA-256",
      found: `${downloads} downloads, ${failures.length} failures`,
      isMet: rounds > 0 && failures.length === 0 && downloads > 0,
    },
  ];
}

export function renderIrcReport(run: IrcRun, verdicts: readonly Verdict[]): string {
  const { seconds, commit, seed, rounds, posts, counts, failures, programs } = run;
  const details = programs.flatMap(({ title, findings }) => [
    ...[...findings.lost].map((token) => `${title} lost ${token}`),
    ...[...findings.repeated.keys()].map((token) => `${title} repeated ${token}`),
    ...[...findings.wrong].map((token) => `${title} wrongly displays ${token}`),
  ]);
  const problems = [...failures, ...details].slice(0, LINES_PRINTED);
  return `${[
    "# Result of the soak with IRC clients",
    `${describeRun(`npm run soak -- irc --seed ${seed}`, seconds, commit)}\n` +
      `Programs: ${versions()}, the full screen in tmux.\n` +
      `${posts} messages were recorded in ${rounds} rounds.`,
    renderVerdicts(verdicts),
    renderTable(
      ["action or disruption", "times"],
      [...counts].map(([name, count]) => [name, String(count)]),
    ),
    ...(problems.length === 0 ? [] : [problems.map((line) => `- ${line}`).join("\n")]),
  ].join("\n\n")}\n`;
}
