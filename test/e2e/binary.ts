import { join } from "node:path";

/** The compiled program; `npm test` has built it. */
export const CHAT = join(
  import.meta.dir,
  "../../dist",
  process.platform === "win32" ? "chat.exe" : "chat",
);

export interface RunOptions {
  readonly cwd?: string;
  /** On top of a bare environment: nothing of the person who runs the tests. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

export interface Ran {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `chat` to its end. */
export async function runChat(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = Bun.spawn([CHAT, ...args], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { PATH: process.env["PATH"] ?? "", CHAT_HOME: "/nonexistent/chat", ...options.env },
    stdin: options.stdin === undefined ? "ignore" : new Blob([options.stdin]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { exitCode, out, err };
}
