// Package html writes a report as one page that needs nothing beside itself: no
// network, no server, no other file.
//
// The page is a shell (page/page.html, .css and .js) around one block of data.
// File names are other people's bytes: they reach the page only inside that
// block, as JSON in which <, > and & are escaped, and the script puts them in
// place as text, never as markup. A content security policy allows exactly this
// script and this style, by their digests, and nothing else.
//
// A name's directories are kept once, as a tree of numbers, so that a hundred
// thousand sets stay a file that a browser opens at once.
package html
