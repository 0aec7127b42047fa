using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Interop.Page;

/// <summary>Functions of SQLite (Debian's libsqlite3-0): the samples of <c>docs/interop.md</c>, verbatim.</summary>
internal static unsafe partial class Sqlite
{
    public const int Row = 100;
    public const int Done = 101;

    private const string Library = "libsqlite3.so.0";

    [LibraryImport(Library, EntryPoint = "sqlite3_open", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, out nint database);

    [LibraryImport(Library, EntryPoint = "sqlite3_close")]
    public static partial int Close(nint database);

    [LibraryImport(Library, EntryPoint = "sqlite3_prepare_v2", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Prepare(nint database, string sql, int byteCount, out nint statement, nint tail);

    [LibraryImport(Library, EntryPoint = "sqlite3_step")]
    public static partial int Step(nint statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_finalize")]
    public static partial int Finish(nint statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_blob")]
    public static partial byte* ColumnBlob(nint statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_bytes")]
    public static partial int ColumnByteCount(nint statement, int column);

    [LibraryImport("libsqlite3.so.0", StringMarshalling = StringMarshalling.Utf8)]
    private static partial SqliteBlock sqlite3_serialize(nint database, string schema, out long byteCount, uint flags);

    public static NativeMemoryOwner<byte> Serialize(nint database)
    {
        using SqliteBlock block = sqlite3_serialize(database, "main", out long byteCount, 0);
        block.Initialize((ulong)byteCount);
        return block.ToOwner<byte>();
    }

    [LibraryImport("libsqlite3.so.0")]
    private static partial int sqlite3_bind_blob64(
        nint statement, int index, byte* value, ulong byteCount, delegate* unmanaged<void*, void> free);

    /// <summary>Gives a value to a statement, which frees it when it has another value or ends.</summary>
    public static int Bind(nint statement, int index, NativeMemoryOwner<byte> value)
    {
        ulong byteCount = (ulong)value.Length;
        return sqlite3_bind_blob64(statement, index, value.Release(out var free), byteCount, free);
    }
}
