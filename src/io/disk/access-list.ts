/**
 * Access control lists of Windows, which has no modes: who may use a file or a folder.
 *
 * @see https://learn.microsoft.com/windows/win32/secauthz/security-descriptor-string-format
 */

import { dlopen, FFIType, type Pointer, ptr, toArrayBuffer } from "bun:ffi";

const { u64, u32, i32, pointer } = FFIType;
const ADVAPI = {
  GetNamedSecurityInfoW: { args: [pointer, i32, u32, u64, u64, u64, u64, pointer], returns: u32 },
  SetFileSecurityW: { args: [pointer, u32, u64], returns: i32 },
  ConvertSecurityDescriptorToStringSecurityDescriptorW: {
    args: [u64, u32, u32, pointer, pointer],
    returns: i32,
  },
  ConvertStringSecurityDescriptorToSecurityDescriptorW: {
    args: [pointer, u32, pointer, u64],
    returns: i32,
  },
  OpenProcessToken: { args: [u64, u32, pointer], returns: i32 },
  GetTokenInformation: { args: [u64, i32, pointer, u32, pointer], returns: i32 },
} as const;
const KERNEL = {
  LocalFree: { args: [u64], returns: u64 },
  CloseHandle: { args: [u64], returns: i32 },
} as const;

const NONE = 0n;
const CURRENT_PROCESS = 0xffff_ffff_ffff_ffffn;
const SE_FILE_OBJECT = 1;
const OWNER = 1;
const DACL = 4;
const REVISION = 1;
const TOKEN_QUERY = 8;
const TOKEN_USER = 1;
const TOKEN_BYTES_MAX = 256;

/** The operating system and its administrators, who can read everything anyway. */
const SYSTEM_SIDS = ["S-1-5-18", "S-1-5-32-544"] as const;
/** Names of these accounts, and of the owner, in the text form of a list. */
const TRUSTED: ReadonlySet<string> = new Set([...SYSTEM_SIDS, "SY", "BA", "CO", "OW", "LA"]);
const EVERYONE = "S-1-1-0";
const SID_OF: Readonly<Record<string, string>> = {
  WD: EVERYONE,
  AN: "S-1-5-7",
  AU: "S-1-5-11",
  IU: "S-1-5-4",
  BU: "S-1-5-32-545",
  BG: "S-1-5-32-546",
};
/** A SID of an app of the user, not of an account. */
const APP = /^S-1-15-/;
const OWNED = /^O:([A-Z]{2}|S(?:-\d+)+)(?=D:|$)/;
const LIST = /^(?:O:(?:[A-Z]{2}|S(?:-\d+)+))?D:(?!NO_ACCESS_CONTROL)[A-Z]*((?:\(.*\))?)/s;
const ENTRY = /\(([A-Z]+);[^;()]*;[^;()]*;[^;()]*;[^;()]*;([^;()]+)/g;
const ALLOWING: ReadonlySet<string> = new Set(["A", "OA", "XA", "ZA"]);

/**
 * Returns the other accounts to which a list grants access, as SIDs where they are known, and an
 * owner that is another account, because it may change the list.
 * @param list text form of owner and list; one without a list grants access to everyone
 * @param own SID of the current user
 */
export function otherAccounts(list: string, own: string): readonly string[] {
  const [, entries] = LIST.exec(list) ?? [];
  if (entries === undefined) return [EVERYONE];
  const others = [...entries.matchAll(ENTRY)].flatMap(([, kind = "", account = ""]) => {
    return ALLOWING.has(kind) && isOther(account, own) ? [account] : [];
  });
  const all = [...others, ...otherOwner(list, own)];
  return [...new Set(all.map((account) => SID_OF[account] ?? account))];
}

/** Returns the owner if it is another account. No program can take that back by a list. */
export function otherOwner(list: string, own: string): readonly string[] {
  const [, owner] = OWNED.exec(list) ?? [];
  return owner !== undefined && isOther(owner, own) ? [owner] : [];
}

function isOther(account: string, own: string): boolean {
  return account !== own && !TRUSTED.has(account) && !APP.test(account);
}

/**
 * Text form of a list that grants access to the user, the system and its administrators, and
 * inherits nothing from the folder above.
 */
function privateList(own: string, isFolder: boolean): string {
  const inheritance = isFolder ? "OICI" : "";
  return `D:P${[...SYSTEM_SIDS, own].map((sid) => `(A;${inheritance};FA;;;${sid})`).join("")}`;
}

/**
 * Arguments of `icacls` that make a folder private.
 * @param others SIDs that lose their access
 */
export function privateListArguments(own: string, others: readonly string[]): readonly string[] {
  const grants = [...SYSTEM_SIDS, own].map((sid) => `*${sid}:(OI)(CI)F`);
  const removed = others.filter((sid) => sid.startsWith("S-")).map((sid) => `*${sid}`);
  const removal = removed.length === 0 ? [] : ["/remove:g", ...removed];
  return ["/inheritance:r", ...removal, "/grant:r", ...grants];
}

/** Lists of the files of this machine. Only on Windows. */
export class AccessLists implements Disposable {
  readonly #advapi = dlopen("advapi32.dll", ADVAPI);
  readonly #kernel = dlopen("kernel32.dll", KERNEL);

  /**
   * Returns the text form of owner and list.
   * @throws {Error} if the system refuses
   */
  listOf(path: string): string {
    const descriptor = new BigUint64Array(1);
    const call = this.#advapi.symbols.GetNamedSecurityInfoW;
    const name = wide(path);
    const out = ptr(descriptor);
    succeed(call(ptr(name), SE_FILE_OBJECT, OWNER | DACL, NONE, NONE, NONE, NONE, out) === 0);
    return this.#freeing(descriptor, (value) => this.#textOf(value));
  }

  /**
   * Sets the list of a new file or folder. Existing files in the folder keep theirs.
   * @throws {Error} if the system refuses
   */
  makePrivate(path: string, isFolder: boolean): void {
    const text = wide(privateList(this.ownSid(), isFolder));
    const descriptor = new BigUint64Array(1);
    const { symbols } = this.#advapi;
    const convert = symbols.ConvertStringSecurityDescriptorToSecurityDescriptorW;
    succeed(convert(ptr(text), REVISION, ptr(descriptor), NONE) !== 0);
    const name = wide(path);
    const set = symbols.SetFileSecurityW;
    this.#freeing(descriptor, (value) => succeed(set(ptr(name), DACL, value) !== 0));
  }

  /** SID of the account that runs this process. */
  ownSid(): string {
    const token = new BigUint64Array(1);
    const { symbols } = this.#advapi;
    succeed(symbols.OpenProcessToken(CURRENT_PROCESS, TOKEN_QUERY, ptr(token)) !== 0);
    const { 0: handle = NONE } = token;
    try {
      // From an ArrayBuffer, because asking an array for its buffer later would move its bytes.
      const memory = new ArrayBuffer(TOKEN_BYTES_MAX);
      const bytes = new Uint8Array(memory);
      const length = new Uint32Array(1);
      const get = symbols.GetTokenInformation;
      succeed(get(handle, TOKEN_USER, ptr(bytes), TOKEN_BYTES_MAX, ptr(length)) !== 0);
      // The structure begins with the address of the SID, which follows in the same buffer.
      const address = new DataView(memory).getBigUint64(0, true);
      return sidText(bytes.subarray(Number(address - BigInt(ptr(bytes)))));
    } finally {
      this.#kernel.symbols.CloseHandle(handle);
    }
  }

  [Symbol.dispose](): void {
    this.#advapi.close();
    this.#kernel.close();
  }

  #textOf(descriptor: bigint): string {
    const [text, length] = [new BigUint64Array(1), new Uint32Array(1)];
    const convert = this.#advapi.symbols.ConvertSecurityDescriptorToStringSecurityDescriptorW;
    succeed(convert(descriptor, REVISION, OWNER | DACL, ptr(text), ptr(length)) !== 0);
    return this.#freeing(text, (value) => {
      const bytes = toArrayBuffer(Number(value) as Pointer, 0, 2 * (length[0] ?? 0));
      return Buffer.from(bytes).toString("utf16le").replace(/\0.*$/s, "");
    });
  }

  /** Frees the memory to which the system's answer points. */
  #freeing<Result>({ 0: value = NONE }: BigUint64Array, use: (value: bigint) => Result): Result {
    try {
      return use(value);
    } finally {
      this.#kernel.symbols.LocalFree(value);
    }
  }
}

/** @internal */
export function sidText(sid: Uint8Array): string {
  const view = new DataView(sid.buffer, sid.byteOffset, sid.byteLength);
  const authority = (BigInt(view.getUint16(2)) << 32n) | BigInt(view.getUint32(4));
  const parts = Array.from({ length: view.getUint8(1) }, (_, i) => view.getUint32(8 + 4 * i, true));
  return ["S", view.getUint8(0), authority, ...parts].join("-");
}

function wide(text: string): Buffer {
  return Buffer.from(`${text}\0`, "utf16le");
}

function succeed(isDone: boolean): void {
  if (!isDone) throw new Error("the system refuses");
}
