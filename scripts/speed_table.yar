// What an analyst would write in an afternoon: the small rule set that speed-table.sh times yara with. Nothing is judged by it.

rule takes_cookies { strings: $a = "cookies.getAll" $b = "sendBeacon" $c = "fetch(" condition: $a and ($b or $c) }
rule runs_text { strings: $a = /eval\s*\(\s*(atob|unescape|decodeURIComponent)\s*\(/ $b = "new Function(" condition: any of them }
rule watches_keys { strings: $a = "addEventListener(\"keydown\"" $b = "addEventListener('keydown'" $c = "XMLHttpRequest" condition: ($a or $b) and $c }
rule reads_passwords { strings: $a = /input\[type=['"\\]{0,3}password/ nocase $b = ".value" condition: $a and $b }
rule reads_mail { strings: $a = "mail.google.com" ascii wide $b = "outlook.live.com" ascii wide $c = "innerText" condition: ($a or $b) and $c }
rule debugs_tabs { strings: $a = "debugger.attach" $b = "Network.getResponseBody" condition: all of them }
rule hides_text { strings: $a = /(\\x[0-9a-f]{2}){24}/ nocase $b = /_0x[0-9a-f]{4,6}\(['"]?0x[0-9a-f]+/ condition: any of them }
rule long_base64 { strings: $a = /['"][A-Za-z0-9+\/]{400}/ condition: $a }
rule edits_headers { strings: $a = "content-security-policy" nocase $b = "onHeadersReceived" condition: all of them }
rule asks_a_server { strings: $a = "setInterval(" $b = "fetch(" $c = "executeScript" condition: all of them }
rule takes_pictures { strings: $a = "captureVisibleTab" condition: $a }
rule names_a_number { strings: $a = /https?:\/\/[0-9]{1,3}(\.[0-9]{1,3}){3}/ condition: $a }
