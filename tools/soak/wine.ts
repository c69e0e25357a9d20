/** Wine, which runs the program for Windows on Linux. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Programs that `Wine.create` calls. */
export const WINE_NEEDS = ["wine", "x86_64-w64-mingw32-ld"] as const;

const TOOLS = "x86_64-w64-mingw32-";
const SHIM = join(import.meta.dir, "../release/wine-shim.s");
const SHIM_NAME = "bcryptprimitives";
/** Functions of the system that the shim calls. */
const IMPORTS = {
  kernel32: ["GetModuleHandleA", "GetProcAddress", "VirtualProtect"],
  advapi32: ["SystemFunction036"],
};
const START_TIMEOUT_MS = 120_000;

export class Wine {
  readonly env: Readonly<Record<string, string>>;

  private constructor(folder: string) {
    this.env = {
      PATH: process.env["PATH"] ?? "",
      HOME: folder,
      LC_ALL: "C.UTF-8",
      WINEPREFIX: join(folder, "prefix"),
      WINEDEBUG: "-all",
      // Without Gecko and Mono, which it would offer to download; with the shim.
      WINEDLLOVERRIDES: `mscoree,mshtml=;${SHIM_NAME}=n,b`,
    };
  }

  /** @param folder empty folder for its drives and registry */
  static create(folder: string): Wine {
    const wine = new Wine(folder);
    const { env } = wine;
    wine.#run(["wine", "wineboot", "-i"]);
    const library = join(folder, `${SHIM_NAME}.dll`);
    const object = join(folder, "shim.o");
    wine.#run([`${TOOLS}as`, SHIM, "-o", object]);
    const imports = Object.entries(IMPORTS).map(([name, functions]) => {
      const path = join(folder, name);
      writeFileSync(`${path}.def`, `EXPORTS\n${functions.join("\n")}\n`);
      const names = ["--dllname", `${name}.dll`, "--def", `${path}.def`];
      wine.#run([`${TOOLS}dlltool`, ...names, "--output-lib", `${path}.a`]);
      return `${path}.a`;
    });
    const link = [`${TOOLS}ld`, "-shared", "--entry", "DllMain", "-o", library];
    writeFileSync(join(folder, "shim.def"), "EXPORTS\nProcessPrng\n");
    wine.#run([...link, object, join(folder, "shim.def"), ...imports]);
    const system = join(env["WINEPREFIX"] ?? "", "drive_c/windows/system32");
    mkdirSync(system, { recursive: true });
    wine.#run(["cp", library, system]);
    return wine;
  }

  /** Name under which its programs know a path of this machine. */
  static path(path: string): string {
    return `Z:${path.replaceAll("/", "\\")}`;
  }

  /** Ends its programs. */
  end(): void {
    const server = Bun.which("wineserver") ?? "/usr/lib/wine/wineserver";
    Bun.spawnSync([server, "-k"], { env: this.env, stdio: ["ignore", "ignore", "ignore"] });
  }

  #run(command: readonly string[]): void {
    const { success, stderr } = Bun.spawnSync([...command], {
      env: this.env,
      stdio: ["ignore", "ignore", "pipe"],
      timeout: START_TIMEOUT_MS,
    });
    if (!success) throw new Error(`${command.join(" ")} fails: ${stderr.toString()}`);
  }
}
