//! The predefined extensions of observables (specification 6).

use super::Constraint::NotBare;
use super::Kind::{Bool, Dictionary, Enum, Float, Hashes, Hex, List, Open, Part, Ref, Text, Time};
use super::shared::{COUNT, TEXTS, WHOLE};
use super::vocabulary as words;
use super::{Constraint, Property, Shape, Targets, may, must};

/// An extension without required properties says something at least.
const SOMETHING: &[Constraint] = &[NotBare];

const fn shape(properties: &'static [Property], constraints: &'static [Constraint]) -> Shape {
    Shape { properties, constraints }
}

/// Of files.
pub(super) static FILE_EXTENSIONS: &[(&str, Shape)] = &[
    ("archive-ext", shape(ARCHIVE, &[])),
    ("ntfs-ext", shape(NTFS, SOMETHING)),
    ("pdf-ext", shape(PDF, SOMETHING)),
    ("raster-image-ext", shape(RASTER_IMAGE, SOMETHING)),
    ("windows-pebinary-ext", shape(PE_BINARY, &[])),
];

/// Of network traffic.
pub(super) static TRAFFIC_EXTENSIONS: &[(&str, Shape)] = &[
    ("http-request-ext", shape(HTTP_REQUEST, &[])),
    ("icmp-ext", shape(&[must("icmp_type_hex", Hex), must("icmp_code_hex", Hex)], &[])),
    ("socket-ext", shape(SOCKET, &[])),
    ("tcp-ext", shape(&[may("src_flags_hex", Hex), may("dst_flags_hex", Hex)], SOMETHING)),
];

/// Of processes.
pub(super) static PROCESS_EXTENSIONS: &[(&str, Shape)] = &[
    ("windows-process-ext", shape(WINDOWS_PROCESS, SOMETHING)),
    ("windows-service-ext", shape(WINDOWS_SERVICE, SOMETHING)),
];

/// Of user accounts.
pub(super) static USER_EXTENSIONS: &[(&str, Shape)] =
    &[("unix-account-ext", shape(UNIX_ACCOUNT, SOMETHING))];

const ARCHIVE: &[Property] = &[
    must("contains_refs", List(&Ref(Targets::Only(&["file", "directory"])))),
    may("comment", Text),
];

const NTFS: &[Property] =
    &[may("sid", Text), may("alternate_data_streams", List(&Part(&DATA_STREAM)))];

const DATA_STREAM: Shape = Shape {
    properties: &[must("name", Text), may("hashes", Hashes), may("size", COUNT)],
    constraints: &[],
};

const PDF: &[Property] = &[
    may("version", Text),
    may("is_optimized", Bool),
    may("document_info_dict", Dictionary),
    may("pdfid0", Text),
    may("pdfid1", Text),
];

const RASTER_IMAGE: &[Property] = &[
    may("image_height", COUNT),
    may("image_width", COUNT),
    may("bits_per_pixel", COUNT),
    may("exif_tags", Dictionary),
];

const PE_BINARY: &[Property] = &[
    must("pe_type", Open(words::WINDOWS_PEBINARY_TYPE)),
    may("imphash", Text),
    may("machine_hex", Hex),
    may("number_of_sections", COUNT),
    may("time_date_stamp", Time),
    may("pointer_to_symbol_table_hex", Hex),
    may("number_of_symbols", COUNT),
    may("size_of_optional_header", COUNT),
    may("characteristics_hex", Hex),
    may("file_header_hashes", Hashes),
    may("optional_header", Part(&PE_OPTIONAL_HEADER)),
    may("sections", List(&Part(&PE_SECTION))),
];

const PE_SECTION: Shape = Shape {
    properties: &[
        must("name", Text),
        may("size", COUNT),
        may("entropy", Float(f64::MIN, f64::MAX)),
        may("hashes", Hashes),
    ],
    constraints: &[],
};

const PE_OPTIONAL_HEADER: Shape = Shape {
    properties: &[
        may("magic_hex", Hex),
        may("major_linker_version", WHOLE),
        may("minor_linker_version", WHOLE),
        may("size_of_code", COUNT),
        may("size_of_initialized_data", COUNT),
        may("size_of_uninitialized_data", COUNT),
        may("address_of_entry_point", WHOLE),
        may("base_of_code", WHOLE),
        may("base_of_data", WHOLE),
        may("image_base", WHOLE),
        may("section_alignment", WHOLE),
        may("file_alignment", WHOLE),
        may("major_os_version", WHOLE),
        may("minor_os_version", WHOLE),
        may("major_image_version", WHOLE),
        may("minor_image_version", WHOLE),
        may("major_subsystem_version", WHOLE),
        may("minor_subsystem_version", WHOLE),
        may("win32_version_value_hex", Hex),
        may("size_of_image", COUNT),
        may("size_of_headers", COUNT),
        may("checksum_hex", Hex),
        may("subsystem_hex", Hex),
        may("dll_characteristics_hex", Hex),
        may("size_of_stack_reserve", COUNT),
        may("size_of_stack_commit", COUNT),
        may("size_of_heap_reserve", COUNT),
        may("size_of_heap_commit", COUNT),
        may("loader_flags_hex", Hex),
        may("number_of_rva_and_sizes", WHOLE),
        may("hashes", Hashes),
    ],
    constraints: SOMETHING,
};

const HTTP_REQUEST: &[Property] = &[
    must("request_method", Text),
    must("request_value", Text),
    may("request_version", Text),
    may("request_header", Dictionary),
    may("message_body_length", COUNT),
    may("message_body_data_ref", Ref(Targets::Only(&["artifact"]))),
];

const SOCKET: &[Property] = &[
    must("address_family", Enum(words::NETWORK_SOCKET_ADDRESS_FAMILY)),
    may("is_blocking", Bool),
    may("is_listening", Bool),
    may("options", Dictionary),
    may("socket_type", Enum(words::NETWORK_SOCKET_TYPE)),
    may("socket_descriptor", COUNT),
    may("socket_handle", WHOLE),
];

const WINDOWS_PROCESS: &[Property] = &[
    may("aslr_enabled", Bool),
    may("dep_enabled", Bool),
    may("priority", Text),
    may("owner_sid", Text),
    may("window_title", Text),
    may("startup_info", Dictionary),
    may("integrity_level", Enum(words::WINDOWS_INTEGRITY_LEVEL)),
];

const WINDOWS_SERVICE: &[Property] = &[
    may("service_name", Text),
    may("descriptions", TEXTS),
    may("display_name", Text),
    may("group_name", Text),
    may("start_type", Enum(words::WINDOWS_SERVICE_START_TYPE)),
    may("service_dll_refs", List(&Ref(Targets::Only(&["file"])))),
    may("service_type", Enum(words::WINDOWS_SERVICE_TYPE)),
    may("service_status", Enum(words::WINDOWS_SERVICE_STATUS)),
];

const UNIX_ACCOUNT: &[Property] =
    &[may("gid", WHOLE), may("groups", TEXTS), may("home_dir", Text), may("shell", Text)];
