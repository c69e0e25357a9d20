/** Detects a data-saving or slow connection. */

interface Connection {
  readonly saveData?: boolean;
  readonly effectiveType?: string;
}

export function isSaving(): boolean {
  const { connection } = navigator as { connection?: Connection };
  return connection?.saveData === true || /2g/.test(connection?.effectiveType ?? "");
}
