# The parts of docs/sharing.sh that a shell cannot do.
import collections, fcntl, os, random, statistics, struct, sys, time

FILES, SIZE = 1600, 150_000  # of the tree with writers: equal files
HELD = range(0, 20)  # a program has these open for writing all the time and does nothing
KEPT = range(20, 520)  # written to through descriptors that stay open
VISITED = range(520, 1420)  # opened by path, written to and closed


def name(i): return f"{i % 8}/f{i:03}"


def tree(top):
    """About 300 MB: copies in all sizes, some owned by others, and files without a copy."""
    r = random.Random(1)
    n = 0
    def put(content):
        nonlocal n
        path = f"{top}/{n % 40}/{n:05}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f: f.write(content)
        os.chmod(path, r.choice([0o644, 0o600]))
        os.utime(path, (1_500_000_000 + n, 1_500_000_000 + n))
        n += 1
    for i in range(1600):
        content = r.randbytes(min(int(r.lognormvariate(10, 1.6)), 8 << 20) + 4096)
        for _ in range(r.choice([1, 2, 2, 3, 4])): put(content)
        if i % 10 == 0: put(content[:-1] + b"x")


def inodes(top):
    """What a program that only shares blocks does not change."""
    for d, _, files in sorted(os.walk(top)):
        for f in sorted(files):
            st = os.lstat(f"{d}/{f}")
            print(f"{d}/{f}", st.st_ino, st.st_mode, st.st_uid, st.st_mtime_ns)


def equal(top):
    content = random.Random(2).randbytes(SIZE)
    for i in range(FILES):
        path = f"{top}/{name(i)}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f: f.write(content)


def extents(path):
    """Where the blocks of a file lie, by FS_IOC_FIEMAP."""
    with open(path, "rb") as f:
        buf = bytearray(struct.pack("=QQIIII", 0, 2**64 - 1, 1, 0, 100, 0) + bytes(5600))
        fcntl.ioctl(f, 0xC020660B, buf)
        n = struct.unpack_from("=I", buf, 20)[0]
        return [struct.unpack_from("=QQQ", buf, 32 + 56 * i) for i in range(n)]


def write(top, stop):
    """Writes until stop appears, then looks whether every byte is where it was put."""
    base = random.Random(2).randbytes(SIZE)
    want = {i: bytearray(base) for i in range(FILES)}
    held = {i: os.open(f"{top}/{name(i)}", os.O_WRONLY) for i in HELD}
    kept = {i: os.open(f"{top}/{name(i)}", os.O_WRONLY) for i in KEPT}
    ino = {i: os.fstat(held[i]).st_ino for i in HELD}
    where = {i: extents(f"{top}/{name(i)}") for i in HELD}
    r, writes, troubles, queue = random.Random(), 0, 0, []
    while not os.path.exists(stop):
        # Each file once before any comes again: until then it is equal to the others.
        queue = queue or r.sample([*KEPT, *VISITED], len(KEPT) + len(VISITED))
        i = queue.pop()
        token = f"token {writes}".encode()
        at = len(want[i]) if r.random() < 0.3 else r.randrange(SIZE)
        try:
            fd = kept[i] if i in kept else os.open(f"{top}/{name(i)}", os.O_WRONLY)
        except OSError:
            troubles += 1  # the path is not there, or cannot be opened
            continue
        os.pwrite(fd, token, at)
        if i not in kept: os.close(fd)
        want[i][at:at + len(token)] = token
        writes += 1
        if writes == 20: print("ready", flush=True)
        time.sleep(0.0004)
    lost = untrue = 0
    for i in range(FILES):
        try:
            with open(f"{top}/{name(i)}", "rb") as f: same = f.read() == want[i]
        except OSError: same = False
        if not same and i in [*KEPT, *VISITED]: lost += 1
        elif not same: untrue += 1
    touched = sum(os.stat(f"{top}/{name(i)}").st_ino != ino[i] or extents(f"{top}/{name(i)}") != where[i] for i in HELD)
    print(writes, lost, untrue, touched, troubles, sep="\t")


def table(results):
    share, writes = collections.defaultdict(list), collections.defaultdict(list)
    for line in open(results):
        kind, fs, tool, *figures = line.rstrip("\n").split("\t")
        (share if kind == "share" else writes)[fs, tool].append([int(x) for x in figures])
    for fs in dict.fromkeys(fs for fs, _ in share):
        rows = {tool: [statistics.median(c) for c in zip(*r)] for (f, tool), r in share.items() if f == fs}
        base = share[fs, "oneinode"]
        print(f"\n{fs}: medians of {len(base)}\n")
        print("| program | freed MiB | s | time × oneinode | contents changed | inodes or times changed "
              "| files with a lost write, of writes | untouched files changed | open files touched | paths missing |")
        print("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
        for tool, (freed, ms, differs, inodes) in rows.items():
            ratio = statistics.median(a[1] / b[1] for a, b in zip(share[fs, tool], base))
            n, lost, untrue, touched, troubles = [sum(c) for c in zip(*writes[fs, tool])]
            print(f"| {tool} | {freed / 2**20:.1f} | {ms / 1000:.2f} | {ratio:.2f} | {differs:.0f} | {inodes:.0f} "
                  f"| {lost}, {n} | {untrue} | {touched} of {len(HELD) * len(base)} | {troubles} |")


{"tree": tree, "inodes": inodes, "equal": equal, "write": write, "table": table}[sys.argv[1]](*sys.argv[2:])
