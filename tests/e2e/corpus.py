"""Text that a log, an alert, a person or a model may send, and that must stay text."""

MARK = "pwned"
HOSTILE = (
    f"<script>window.{MARK}=1</script>",
    f"<img src=x onerror=window.{MARK}=1>",
    f'"><svg onload=window.{MARK}=1>',
    f"' onmouseover='window.{MARK}=1",
    f"javascript:window.{MARK}=1",
    f"[click](javascript:window.{MARK}=1)",
    f"![x](x){{onerror=window.{MARK}=1}}",
    f"<a href=\"data:text/html,<script>window.{MARK}=1</script>\">x</a>",
    f"</textarea><script>window.{MARK}=1</script>",
    f"{{{{ constructor.constructor('window.{MARK}=1')() }}}}",
    "{% load static %}{{ settings.SECRET_KEY }}",
    f"<div hx-get=/audit/ hx-trigger=load hx-on:load=window.{MARK}=1>x</div>",
    f"<hx-partial hx-target=body><b>window.{MARK}=1</b></hx-partial>",
    f"<iframe srcdoc='<script>parent.{MARK}=1</script>'></iframe>",
    f"<style>*{{display:none}}</style><base href=//x.invalid/>window.{MARK}",
    "\x1b[31mred\x1b[0m \x1b]8;;https://x.invalid\x07link\x1b]8;;\x07",
    "safe\u202etxt.exe\u202c and \u2066isolated\u2069 \u200bzero\u200bwidth\ufeff",
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324a\u0351l\u0321go",
    "https://" + "a" * 300 + ".example/" + "b" * 300,
    "n" * 600,
    "\u0627\u0644\u062e\u0627\u062f\u0645 \u05e9\u05e8\u05ea \u670d\u52a1\u5668 \U0001f525",
    "| a | b |\n|---|---|\n```\n<!-- x -->\n&lt;b&gt; &amp; &#x3c;script&#x3e;",
)  # fmt: skip
