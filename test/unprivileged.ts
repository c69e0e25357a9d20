const NOBODY = 65_534;

/** Runs an action without root privileges, even if the tests run as root. */
export async function unprivileged<Value>(action: () => Value | Promise<Value>): Promise<Value> {
  if (process.geteuid?.() !== 0) return action();
  process.seteuid?.(NOBODY);
  try {
    return await action();
  } finally {
    process.seteuid?.(0);
  }
}
