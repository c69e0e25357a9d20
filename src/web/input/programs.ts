/** Programs that the server offers for download, and how to verify them. */

export interface OfferedProgram {
  readonly name: string;
  readonly system: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

export interface ReleaseOffer {
  readonly version: string;
  /** Public key hash for curl; absent if the server's certificate is publicly trusted. */
  readonly pin?: string;
}

const NAME =
  /^chat-(?:\d[\w.-]*-)?([a-z]+-[a-z\d]+(?:-baseline|-musl)?)(?:\.exe|\.tar\.gz|\.zip)?$/;
const SYSTEM = /^(?:linux|darwin|windows)-(?:x64|arm64)/;
const VERSION = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.]+)?$/;
const PIN = /^sha256\/\/[A-Za-z0-9+/]{43}=$/;
const PROGRAMS_MAX = 256;

export function offeredPrograms(answer: unknown): readonly OfferedProgram[] {
  const { programs } = (answer ?? {}) as { readonly programs?: unknown };
  if (!Array.isArray(programs)) return [];
  return programs.slice(0, PROGRAMS_MAX).flatMap((program: unknown) => {
    const { name, size, sha256 } = (program ?? {}) as Readonly<Record<string, unknown>>;
    const system = typeof name === "string" ? NAME.exec(name)?.[1] : undefined;
    const isKnown = system !== undefined && SYSTEM.test(system);
    const isChecksum = typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256);
    if (!isKnown || !isChecksum || !Number.isSafeInteger(size)) return [];
    return [{ name: String(name), system, sizeBytes: Number(size), sha256 }];
  });
}

export function offeredRelease(answer: unknown): ReleaseOffer | undefined {
  const { release } = (answer ?? {}) as { readonly release?: unknown };
  const { version, pin } = (release ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof version !== "string" || !VERSION.test(version)) return undefined;
  if (pin === undefined) return { version };
  return typeof pin === "string" && PIN.test(pin) ? { version, pin } : undefined;
}

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
