using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Security;
using OneBillionRows.Raw;
using OneBillionRows.Safe;

namespace OneBillionRows.Tests;

/// <summary>The safe version is worth something only if it is safe: no unsafe block, and no unchecked member in disguise.</summary>
public class SafeAssemblyTests
{
    private static readonly string[] s_uncheckedTypes = ["Unsafe", "Marshal", "NativeMemory", "GCHandle", "UnsafeAccessorAttribute"];

    private static readonly string[] s_uncheckedMembers =
    [
        "GetReference", "GetArrayDataReference", "CreateSpan", "CreateReadOnlySpan", "CreateReadOnlySpanFromNullTerminated", "AsRef",
        "LoadUnsafe", "StoreUnsafe", "Load", "LoadAligned", "Store", "StoreAligned", "get_Pointer", "Adopt", "Release", "GetPinnableReference",
        "SkipInit", "DangerousGetHandle",
    ];

    [Fact]
    public void The_project_disallows_unsafe_blocks()
    {
        string project = File.ReadAllText(Path.Combine(SourceFolder, "OneBillionRows.Safe.csproj"));
        Assert.Contains("<AllowUnsafeBlocks>false</AllowUnsafeBlocks>", project, StringComparison.Ordinal);
        Assert.DoesNotContain("<AllowUnsafeBlocks>true", project, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void The_compiler_marked_only_the_raw_assembly_as_unverifiable()
    {
        Assert.False(typeof(SafeSolution).Module.IsDefined(typeof(UnverifiableCodeAttribute), false));
        Assert.True(typeof(RawSolution).Module.IsDefined(typeof(UnverifiableCodeAttribute), false));
    }

    [Fact]
    public void The_assembly_refers_to_no_unchecked_member() => Assert.Empty(UncheckedMembersOf(typeof(SafeSolution).Assembly.Location));

    [Fact]
    public void An_assembly_with_unchecked_members_is_found() => Assert.NotEmpty(UncheckedMembersOf(typeof(RawSolution).Assembly.Location));

    [Fact]
    public void The_source_names_no_unchecked_member()
    {
        string[] forbidden = ["unsafe", "Unsafe.", "stackalloc", "fixed (", "DllImport", "LibraryImport",
            .. s_uncheckedMembers.Select(m => "MemoryMarshal." + m), "LoadUnsafe", "StoreUnsafe", ".Pointer"];
        string[] files = Directory.GetFiles(SourceFolder, "*.cs", SearchOption.TopDirectoryOnly);
        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.All(forbidden, word => Assert.DoesNotContain(word, File.ReadAllText(file), StringComparison.Ordinal)));
    }

    private static string SourceFolder => Repository.Absolute("benchmarks/OneBillionRows/Safe");

    private static List<string> UncheckedMembersOf(string assemblyPath)
    {
        using FileStream file = File.OpenRead(assemblyPath);
        using var image = new PEReader(file);
        MetadataReader metadata = image.GetMetadataReader();
        var found = new List<string>();
        foreach (MemberReferenceHandle handle in metadata.MemberReferences)
        {
            MemberReference member = metadata.GetMemberReference(handle);
            string name = metadata.GetString(member.Name);
            string type = member.Parent.Kind == HandleKind.TypeReference
                ? metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)member.Parent).Name)
                : "";
            if (s_uncheckedTypes.Contains(type) || s_uncheckedMembers.Contains(name))
                found.Add($"{type}.{name}");
        }

        return found;
    }
}
