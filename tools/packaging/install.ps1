# Installs chat from a release: an address or a folder that holds the files of one version.
#
#   .\install.ps1 ADDRESS|FOLDER [-To FOLDER] [-Pin PIN] [-ChecksumOnly] [-Downgrade] [-KeepPath]
#
# Downloads the archive for Windows, compares it with the signed list of checksums, and puts one file, chat.exe, into
# %LOCALAPPDATA%\Programs\chat or the folder after -To. Adds that folder to the user's PATH, unless -KeepPath is given.
# Nothing else is changed. To uninstall, remove that file, and the folder from PATH.
#
# -Pin is for a chat server without a certificate that Windows trusts: only the server with this public key is asked.
# -ChecksumOnly skips the signature: the address is trusted.
# -Downgrade replaces a newer program; otherwise an old copy of the release could bring its faults back.
param(
  [Parameter(Mandatory)][string]$From,
  [string]$To = (Join-Path $env:LOCALAPPDATA 'Programs\chat'),
  [string]$Pin,
  [switch]$ChecksumOnly,
  [switch]$Downgrade,
  [switch]$KeepPath
)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$PublicKey = '@PUBLIC_KEY@'

if ($Pin -and $From -notmatch '^https://') { throw '-Pin requires an https address' }
# PATH has absolute folders only.
$To = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($To).TrimEnd('\')
$From = $From.TrimEnd('/', '\')
New-Item -ItemType Directory -Force -Path $To | Out-Null
# Beside the program, so that the last step is a rename; an older program stays until then.
$Work = Join-Path $To ".chat-install.$PID"
New-Item -ItemType Directory -Path $Work | Out-Null

function Get-ReleaseFile([string]$Name) {
  $Out = Join-Path $Work $Name
  if ($Pin) {
    # Part of Windows 10 and later.
    curl.exe -fsS --retry 5 -k --proto =https --pinnedpubkey $Pin -o $Out "$From/$Name"
    if ($LASTEXITCODE -ne 0) { throw "cannot download $From/$Name" }
  } elseif ($From -match '^https?://') { Invoke-WebRequest -UseBasicParsing -Uri "$From/$Name" -OutFile $Out }
  else { Copy-Item -LiteralPath (Join-Path $From $Name) -Destination $Out }
  return $Out
}

# Reports whether version $A precedes version $B; a pre-release such as 0.3.0-rc.1 precedes 0.3.0.
function Test-Older([string]$A, [string]$B) {
  $NumbersA, $PreA = $A -split '-', 2
  $NumbersB, $PreB = $B -split '-', 2
  if ($NumbersA -ne $NumbersB) { return [version]$NumbersA -lt [version]$NumbersB }
  return $PreA -and (-not $PreB -or $PreA -lt $PreB)
}

# Adds $Folder to the end of the user's PATH. Entries such as %USERPROFILE%\bin stay as they are, and so do the
# entries of the system, which `setx PATH "%PATH%;..."` would copy or cut.
function Add-UserPath([string]$Folder) {
  $Key = [Microsoft.Win32.Registry]::CurrentUser.CreateSubKey('Environment')
  try {
    $Current = [string]$Key.GetValue('Path', '', [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
    $Entries = @($Current -split ';' | Where-Object { $_ })
    $Expanded = $Entries | ForEach-Object { [Environment]::ExpandEnvironmentVariables($_).TrimEnd('\') }
    if ($Expanded -contains $Folder) { return }
    $Kind = if ($Entries) { $Key.GetValueKind('Path') } else { [Microsoft.Win32.RegistryValueKind]::ExpandString }
    $Key.SetValue('Path', (($Entries + $Folder) -join ';'), $Kind)
  } finally { $Key.Dispose() }
  # Setting any variable of the user announces the change, so that new windows have it.
  [Environment]::SetEnvironmentVariable('CHAT_INSTALLER', '1', 'User')
  [Environment]::SetEnvironmentVariable('CHAT_INSTALLER', $null, 'User')
}

try {
  $Sums = Get-ReleaseFile 'SHA256SUMS'
  if (-not $ChecksumOnly) {
    Get-ReleaseFile 'SHA256SUMS.minisig' | Out-Null
    if (-not $PublicKey) { throw 'this installer contains no key; use -ChecksumOnly if you trust the address' }
    if (Get-Command minisign -ErrorAction SilentlyContinue) {
      minisign -V -q -P $PublicKey -m $Sums | Out-Null
      if ($LASTEXITCODE -ne 0) { throw 'the signature does not match' }
    } elseif ($Pin) { Write-Warning 'trusting the server, as minisign is missing' }
    else {
      throw 'minisign is required to verify the signature (winget install jedisct1.minisign); or use -ChecksumOnly'
    }
  }
  $Line = Get-Content $Sums | Where-Object { $_ -match '^[0-9a-f]{64}  chat-[0-9][^/]*-windows-x64\.zip$' }
  if (@($Line).Count -ne 1) { throw 'the release has no program for Windows' }
  $Expected, $Name = $Line -split '  ', 2
  $Target = Join-Path $To 'chat.exe'
  $Release = $Name -replace '^chat-(.+)-windows-x64\.zip$', '$1'
  $Installed = if (Test-Path -LiteralPath $Target) { try { & $Target --version } catch { '' } }
  if (-not $Downgrade -and $Installed -match '^chat (\d[^ ]*)' -and (Test-Older $Release $Matches[1])) {
    throw "the release is older (chat $Release) than $Target ($($Matches[1])); add -Downgrade to install it anyway"
  }
  $Archive = Get-ReleaseFile $Name
  if ((Get-FileHash -Algorithm SHA256 -LiteralPath $Archive).Hash -ne $Expected) {
    throw "$Name does not match its checksum; download it again"
  }
  Expand-Archive -LiteralPath $Archive -DestinationPath $Work
  $Program = Join-Path (Join-Path $Work $Name.Substring(0, $Name.Length - 4)) 'chat.exe'
  $Version = & $Program --version
  if ($LASTEXITCODE -ne 0) { throw 'the program does not run on this system' }
  # A running program can be renamed, but neither replaced nor removed. Older ones go when they have ended.
  $Old = "$Target.old"
  for ($I = 0; $I -lt 1000; $I++) {
    $Old = if ($I -eq 0) { "$Target.old" } else { "$Target.old$I" }
    Remove-Item -Force -LiteralPath $Old -ErrorAction SilentlyContinue
    if (-not (Test-Path -LiteralPath $Old)) { break }
  }
  $HadProgram = Test-Path -LiteralPath $Target
  if ($HadProgram) { Move-Item -LiteralPath $Target -Destination $Old }
  try { Move-Item -LiteralPath $Program -Destination $Target }
  catch {
    if ($HadProgram) { Move-Item -LiteralPath $Old -Destination $Target }
    throw
  }
  "Installed $Version as $Target"
  $IsInPath = @($env:PATH -split ';' | ForEach-Object { $_.TrimEnd('\') }) -contains $To
  if ($IsInPath) { }
  elseif ($KeepPath) { "Call it by its path, or add $To to your PATH in the settings of Windows" }
  elseif ($To.Contains(';')) { Write-Warning "PATH cannot have a folder with a semicolon: $To" }
  else {
    Add-UserPath $To
    "Added $To to your PATH; open a new window to use it"
  }
  $Found = Get-Command chat -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1
  if ($Found -and $Found.Source -ne $Target) { Write-Warning "chat is now $($Found.Source), which comes first in PATH" }
  "To uninstall: Remove-Item '$($Target.Replace("'", "''"))*'"
} finally {
  Remove-Item -Recurse -Force -LiteralPath $Work -ErrorAction SilentlyContinue
}
