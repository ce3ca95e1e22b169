/** The markup of the page at `/_sim/`. */
export const HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>WeChat Pay simulator</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/_sim/page.css">
<script type="module" src="/_sim/page.js"></script>
</head>
<body>
<header><h1 data-text="title"></h1><span id="clock"></span><button type="button" id="language"></button></header>
<p id="status" role="status"></p>
<main></main>
</body>
</html>
`
