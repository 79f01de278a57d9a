# Discovery script of a configuration item: one word, clean where nothing was found.
$program = Join-Path $env:ProgramFiles 'crxhound\crxhound.exe'
if (-not (Test-Path $program)) {
    'missing'
    return
}
& $program scan --all-users --gentle --max-seconds 900 --quiet --summary *> $null
switch ($LASTEXITCODE) {
    0 { 'clean' }
    1 { 'found' }
    default { 'incomplete' }
}
