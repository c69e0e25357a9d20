import type { FileId } from "../../../src/base/ids.ts";
import type { ContentStore } from "../../../src/io/cluster/shared-files.ts";

export class MemoryContent implements ContentStore {
  readonly files = new Map<FileId, Map<string, Uint8Array>>();
  readonly #touched = new Map<FileId, number>();
  before: (call: string, file: FileId | undefined, part?: string) => Promise<void> | void =
    () => {};
  unixMs = (): number => 1_763_617_717_000;

  async put(file: FileId, part: string, bytes: Uint8Array): Promise<void> {
    await this.before("put", file, part);
    const parts = this.files.get(file) ?? new Map<string, Uint8Array>();
    this.files.set(file, parts.set(part, bytes.slice()));
    this.#touched.set(file, this.unixMs());
  }

  async putNew(file: FileId, part: string, bytes: Uint8Array): Promise<boolean> {
    await this.before("putNew", file, part);
    if (this.files.get(file)?.has(part) === true) return false;
    const parts = this.files.get(file) ?? new Map<string, Uint8Array>();
    this.files.set(file, parts.set(part, bytes.slice()));
    this.#touched.set(file, this.unixMs());
    return true;
  }

  async get(file: FileId, part: string): Promise<Uint8Array | undefined> {
    await this.before("get", file, part);
    return this.files.get(file)?.get(part)?.slice();
  }

  async parts(file: FileId): Promise<string[]> {
    await this.before("parts", file);
    return [...(this.files.get(file)?.keys() ?? [])];
  }

  async filesWith(part: string): Promise<FileId[]> {
    await this.before("filesWith", undefined, part);
    return [...this.files].flatMap(([file, parts]) => (parts.has(part) ? [file] : []));
  }

  async lastPutMs(file: FileId): Promise<number | undefined> {
    await this.before("touchedMs", file);
    return this.files.has(file) ? this.#touched.get(file) : undefined;
  }

  async erase(file: FileId): Promise<void> {
    await this.before("erase", file);
    this.files.delete(file);
  }
}
