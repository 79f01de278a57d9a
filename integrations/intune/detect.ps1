# Detection for Intune: exit code 0 without issues, 1 with issues; the last line is what the console shows.
$program = Join-Path $env:ProgramFiles 'crxhound\crxhound.exe'
if (-not (Test-Path $program)) {
    Write-Output 'crxhound is not installed'
    exit 1
}
$report = Join-Path $env:ProgramData 'crxhound\last.json'
New-Item -ItemType Directory -Force -Path (Split-Path $report) | Out-Null
$line = & $program scan --all-users --gentle --max-seconds 900 --lang en --quiet --summary --output $report 2>$null
switch ($LASTEXITCODE) {
    0 { Write-Output $line; exit 0 }
    1 { Write-Output $line; exit 1 }
    default { Write-Output "crxhound could not read everything: $line"; exit 1 }
}
