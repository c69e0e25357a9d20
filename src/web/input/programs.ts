/** Programs that the server offers for download, and how to verify them. */

export interface OfferedProgram {
  readonly name: string;
  readonly system: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

const NAME = /^chat-((?:linux|darwin|windows)-(?:x64|arm64)(?:-baseline|-musl)?)(?:\.exe)?$/;
/** More than all supported systems. */
const PROGRAMS_MAX = 16;

export function offeredPrograms(answer: unknown): readonly OfferedProgram[] {
  const { programs } = (answer ?? {}) as { readonly programs?: unknown };
  if (!Array.isArray(programs)) return [];
  return programs.slice(0, PROGRAMS_MAX).flatMap((one: unknown) => {
    const { name, size, sha256 } = (one ?? {}) as Readonly<Record<string, unknown>>;
    const system = typeof name === "string" ? NAME.exec(name)?.[1] : undefined;
    const isChecksum = typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256);
    if (system === undefined || !isChecksum || !Number.isSafeInteger(size)) return [];
    return [{ name: String(name), system, sizeBytes: Number(size), sha256 }];
  });
}

/** System of the browser; `undefined` for phones and systems without a program. */
export function browserSystem(agent: string): string | undefined {
  if (/Android|iPhone|iPad|CrOS/.test(agent)) return undefined;
  if (/Windows/.test(agent)) return "windows-x64";
  if (/Mac OS/.test(agent)) return "darwin-arm64";
  if (/Linux/.test(agent)) return /aarch64|arm64/.test(agent) ? "linux-arm64" : "linux-x64";
  return undefined;
}

export function checksumCommand({ name, system, sha256 }: OfferedProgram): string {
  if (system.startsWith("windows")) {
    return `(Get-FileHash ${name}).Hash -eq "${sha256.toUpperCase()}"`;
  }
  const tool = system.startsWith("darwin") ? "shasum -a 256" : "sha256sum";
  return `echo "${sha256}  ${name}" | ${tool} -c`;
}
