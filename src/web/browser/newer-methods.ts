/** Methods that browsers of 2024 lack, in the forms in which this program calls them. */

interface ToBase64Options {
  readonly alphabet?: "base64" | "base64url";
  readonly omitPadding?: boolean;
}

/** @internal */
export function toHexMethod(this: Uint8Array): string {
  return Array.from(this, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @internal */
export function toBase64(this: Uint8Array, options: ToBase64Options = {}): string {
  const padded = btoa(Array.from(this, (byte) => String.fromCharCode(byte)).join(""));
  const text = options.omitPadding === true ? padded.replace(/(?<!=)=+$/, "") : padded;
  return options.alphabet === "base64url" ? text.replaceAll("+", "-").replaceAll("/", "_") : text;
}

/**
 * Accepts other alphabets and spaces, too; callers compare with the canonical form.
 * @throws {DOMException} if the text is not base64
 * @internal
 */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

/** @internal */
export function withResolvers<Value>(): PromiseWithResolvers<Value> {
  const parts: Partial<PromiseWithResolvers<Value>> = {};
  const promise = new Promise<Value>((resolve, reject) =>
    Object.assign(parts, { resolve, reject }),
  );
  return { ...(parts as PromiseWithResolvers<Value>), promise };
}

/** @internal */
export function canParse(url: string): boolean {
  try {
    return new URL(url) instanceof URL;
  } catch {
    return false;
  }
}

function add(target: object, methods: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(methods)) {
    if (!(name in target)) Object.defineProperty(target, name, { value, configurable: true });
  }
}

export function addNewerMethods(): void {
  add(Uint8Array.prototype, { toHex: toHexMethod, toBase64 });
  add(Uint8Array, { fromBase64 });
  add(Promise, { withResolvers });
  add(URL, { canParse });
}
