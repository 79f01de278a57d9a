//! Writes small registry hives, for tests only: every key has an "lf" list, every hive one bin.

/// A key to be written.
#[derive(Clone, Debug, Default)]
pub struct Key {
    name: String,
    values: Vec<(String, u32, Vec<u8>)>,
    keys: Vec<Key>,
}

impl Key {
    /// An empty key.
    pub fn new(name: &str) -> Key {
        Key { name: name.into(), ..Key::default() }
    }

    /// With a key below it.
    pub fn with(mut self, key: Key) -> Key {
        self.keys.push(key);
        self.keys.sort_by_key(|key| key.name.to_uppercase());
        self
    }

    /// The key at a path below, made where it is not there.
    pub fn at(&mut self, path: &str) -> &mut Key {
        let Some((first, rest)) = path.split_once('\\') else { return self.child(path) };
        self.child(first).at(rest)
    }

    fn child(&mut self, name: &str) -> &mut Key {
        if !self.keys.iter().any(|key| key.name.eq_ignore_ascii_case(name)) {
            self.keys.push(Key::new(name));
            self.keys.sort_by_key(|key| key.name.to_uppercase());
        }
        self.keys.iter_mut().find(|key| key.name.eq_ignore_ascii_case(name)).unwrap()
    }

    /// Sets a value of any type.
    pub fn set(&mut self, name: &str, kind: u32, data: &[u8]) -> &mut Key {
        self.values.push((name.into(), kind, data.to_vec()));
        self
    }

    /// Sets a text.
    pub fn set_text(&mut self, name: &str, text: &str) -> &mut Key {
        let data: Vec<u8> = text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        self.set(name, 1, &data)
    }

    /// With a text.
    pub fn text(mut self, name: &str, text: &str) -> Key {
        self.set_text(name, text);
        self
    }

    /// With a number.
    pub fn number(mut self, name: &str, number: u32) -> Key {
        self.set(name, 4, &number.to_le_bytes());
        self
    }

    /// The hive with this key as its root.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bin = Bin(vec![0; 32]);
        let security = bin.security(self.count());
        let root = self.write(&mut bin, security, u32::MAX, true);
        let used = bin.0.len();
        let size = used.next_multiple_of(4096).max(4096);
        if size - used >= 8 {
            bin.0.extend(((size - used) as i32).to_le_bytes());
        }
        bin.0.resize(size, 0);
        bin.0[..4].copy_from_slice(b"hbin");
        bin.0[8..12].copy_from_slice(&(size as u32).to_le_bytes());

        let mut base = vec![0; 4096];
        base[..4].copy_from_slice(b"regf");
        for (at, number) in [(4, 1), (8, 1), (20, 1), (24, 5), (32, 1), (36, root), (40, size as u32), (44, 1)] {
            base[at..at + 4].copy_from_slice(&u32::to_le_bytes(number));
        }
        let sum = base[..508].as_chunks::<4>().0.iter().fold(0, |sum, four| sum ^ u32::from_le_bytes(*four));
        base[508..512].copy_from_slice(&sum.to_le_bytes());
        base.extend(bin.0);
        base
    }

    fn count(&self) -> u32 {
        1 + self.keys.iter().map(Key::count).sum::<u32>()
    }

    fn write(&self, bin: &mut Bin, security: u32, parent: u32, root: bool) -> u32 {
        let latin = self.name.is_ascii();
        let name = letters(&self.name);
        let mut cell = vec![0; 76];
        cell[..2].copy_from_slice(b"nk");
        let flags = if root { 0x04 | 0x08 } else { 0 } | if latin { 0x20 } else { 0u16 };
        cell[2..4].copy_from_slice(&flags.to_le_bytes());
        for (at, number) in [(28, u32::MAX), (32, u32::MAX), (40, u32::MAX), (44, security), (48, u32::MAX)] {
            cell[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        cell[16..20].copy_from_slice(&parent.to_le_bytes());
        cell[72..74].copy_from_slice(&(name.len() as u16).to_le_bytes());
        cell.extend(name);
        let here = bin.cell(&cell);

        let keys: Vec<(u32, &str)> =
            self.keys.iter().map(|key| (key.write(bin, security, here, false), key.name.as_str())).collect();
        if !keys.is_empty() {
            let mut list = b"lf".to_vec();
            list.extend((keys.len() as u16).to_le_bytes());
            for (offset, name) in &keys {
                list.extend(offset.to_le_bytes());
                let mut hint = name.as_bytes().to_vec();
                hint.resize(4, 0);
                list.extend(&hint[..4]);
            }
            let list = bin.cell(&list);
            bin.patch(here, 20, keys.len() as u32);
            bin.patch(here, 28, list);
        }
        let values: Vec<u32> = self.values.iter().map(|(name, kind, data)| value(bin, name, *kind, data)).collect();
        if !values.is_empty() {
            let list = bin.cell(&values.iter().flat_map(|offset| offset.to_le_bytes()).collect::<Vec<_>>());
            bin.patch(here, 36, values.len() as u32);
            bin.patch(here, 40, list);
        }
        here
    }
}

fn value(bin: &mut Bin, name: &str, kind: u32, data: &[u8]) -> u32 {
    let (size, at) = match data.len() {
        0..=4 => {
            let mut inline = data.to_vec();
            inline.resize(4, 0);
            (data.len() as u32 | 0x8000_0000, u32::from_le_bytes(inline.try_into().unwrap()))
        }
        5..=16_344 => (data.len() as u32, bin.cell(data)),
        _ => {
            let parts: Vec<u32> = data.chunks(16_344).map(|part| bin.cell(part)).collect();
            let list = bin.cell(&parts.iter().flat_map(|offset| offset.to_le_bytes()).collect::<Vec<_>>());
            let mut big = b"db".to_vec();
            big.extend((parts.len() as u16).to_le_bytes());
            big.extend(list.to_le_bytes());
            (data.len() as u32, bin.cell(&big))
        }
    };
    let name_bytes = letters(name);
    let mut cell = b"vk".to_vec();
    cell.extend((name_bytes.len() as u16).to_le_bytes());
    cell.extend(size.to_le_bytes());
    cell.extend(at.to_le_bytes());
    cell.extend(kind.to_le_bytes());
    cell.extend(u16::from(name.is_ascii()).to_le_bytes());
    cell.extend([0, 0]);
    cell.extend(name_bytes);
    bin.cell(&cell)
}

fn letters(name: &str) -> Vec<u8> {
    if name.is_ascii() { name.as_bytes().to_vec() } else { name.encode_utf16().flat_map(u16::to_le_bytes).collect() }
}

/// The one bin of a hive; offsets count from its start.
struct Bin(Vec<u8>);

impl Bin {
    /// Adds a cell in use and says where it is.
    fn cell(&mut self, data: &[u8]) -> u32 {
        let offset = self.0.len() as u32;
        let size = (data.len() + 4).next_multiple_of(8);
        self.0.extend((-(size as i32)).to_le_bytes());
        self.0.extend(data);
        self.0.resize(offset as usize + size, 0);
        offset
    }

    /// The security that all keys share: one descriptor, linked to itself.
    fn security(&mut self, keys: u32) -> u32 {
        // Revision 1, self-relative, without owner, group or lists.
        let descriptor = [1, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let here = self.0.len() as u32;
        let mut cell = b"sk\0\0".to_vec();
        for number in [here, here, keys, descriptor.len() as u32] {
            cell.extend(number.to_le_bytes());
        }
        cell.extend(descriptor);
        self.cell(&cell)
    }

    fn patch(&mut self, cell: u32, at: usize, number: u32) {
        let at = cell as usize + 4 + at;
        self.0[at..at + 4].copy_from_slice(&number.to_le_bytes());
    }
}
