/** No test waits for ever: what takes this long has failed. */
const PATIENCE_MS = 10_000;

/** Rejects when the promise does not settle in time. */
export async function within<Value>(promise: Promise<Value>, what: string): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`${what}: nothing within ${PATIENCE_MS} ms`)),
    PATIENCE_MS,
  );
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Remembers what happened, and waits for what will. */
export class Happenings<Happening> {
  readonly all: Happening[] = [];
  #waiting: { readonly isMeant: (one: Happening) => boolean; readonly met: () => void }[] = [];

  add(happening: Happening): void {
    this.all.push(happening);
    const met = this.#waiting.filter(({ isMeant }) => isMeant(happening));
    this.#waiting = this.#waiting.filter((one) => !met.includes(one));
    for (const one of met) one.met();
  }

  /** The first that is meant, of those that were or will be. */
  async until<Meant extends Happening>(
    isMeant: (one: Happening) => one is Meant,
    what: string,
  ): Promise<Meant> {
    const known = this.all.find(isMeant);
    if (known !== undefined) return known;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ isMeant, met: resolve });
    await within(promise, what);
    const met = this.all.find(isMeant);
    if (met === undefined) throw new Error(`${what} was forgotten`);
    return met;
  }
}
