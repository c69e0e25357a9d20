# Installs chat from a release: an address or a folder that holds the files of one version.
#
#   .\install.ps1 ADDRESS|FOLDER [-To FOLDER] [-Pin PIN] [-ChecksumOnly] [-Downgrade]
#
# Downloads the archive for Windows, compares it with the signed list of checksums, and puts one file, chat.exe, into
# %LOCALAPPDATA%\Programs\chat or the folder after -To. Nothing else is changed. To uninstall, remove that file.
#
# -Pin is for a chat server without a certificate that Windows trusts: only the server with this public key is asked.
# -ChecksumOnly skips the signature: the address is trusted.
# -Downgrade replaces a newer program; otherwise an old copy of the release could bring its faults back.
param(
  [Parameter(Mandatory)][string]$From,
  [string]$To = (Join-Path $env:LOCALAPPDATA 'Programs\chat'),
  [string]$Pin,
  [switch]$ChecksumOnly,
  [switch]$Downgrade
)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$PublicKey = '@PUBLIC_KEY@'

if ($Pin -and $From -notmatch '^https://') { throw '-Pin requires an https address' }
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
  # A running program cannot be replaced, but it can be renamed.
  if (Test-Path -LiteralPath $Target) { Move-Item -Force -LiteralPath $Target -Destination "$Target.old" }
  Move-Item -LiteralPath $Program -Destination $Target
  "Installed $Version as $Target"
  if (($env:PATH -split ';') -notcontains $To) { "Add it to your PATH: setx PATH `"%PATH%;$To`"" }
  "To uninstall: Remove-Item '$Target'"
} finally {
  Remove-Item -Recurse -Force -LiteralPath $Work -ErrorAction SilentlyContinue
}
