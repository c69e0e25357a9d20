import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");
const NAME = process.platform === "win32" ? "chat.exe" : "chat";

export const CHAT = join(ROOT, "dist", NAME);

// `npm test` builds the program first; a single test file builds it if necessary.
const built = Bun.spawnSync([process.execPath, "build.ts", "--if-needed"], {
  cwd: ROOT,
  stdio: ["ignore", "pipe", "pipe"],
});
if (!built.success) throw new Error(`dist/chat cannot be built:\n${built.stdout}${built.stderr}`);

export interface RunOptions {
  readonly cwd?: string;
  /** Added to an empty environment, so that the tests do not depend on the user's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
}

export interface Ran {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

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
