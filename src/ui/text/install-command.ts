/** Commands that install the program from a server that offers its release. */

/**
 * @param system such as `linux-x64` or `windows-x64`
 * @param from address of the release, without a final slash
 * @param pin hash of the server's public key for curl; absent if its certificate is trusted
 */
export function installCommand(system: string, from: string, pin: string | undefined): string {
  if (system.startsWith("windows")) {
    const fetch = pin === undefined ? "curl.exe -fsSL" : `curl.exe -fsSk --pinnedpubkey "${pin}"`;
    const run = `powershell -ExecutionPolicy Bypass -File install.ps1 ${from}`;
    const pinned = pin === undefined ? "" : ` -Pin "${pin}"`;
    return `${fetch} -o install.ps1 ${from}/install.ps1; ${run}${pinned}`;
  }
  return pin === undefined
    ? `curl -fsSL ${from}/install.sh | sh -s -- ${from}`
    : `curl -fsSk --pinnedpubkey '${pin}' ${from}/install.sh | sh -s -- ${from} --pin '${pin}'`;
}
