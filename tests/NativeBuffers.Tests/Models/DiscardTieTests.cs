using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using NativeBuffers.Blocks;

namespace NativeBuffers.Tests.Models;

/// <summary>The model of discarded slabs is about the code that is: the order of a trim's steps, and the words of a slot.</summary>
public partial class DiscardTieTests
{
    private const string Decision = "docs/decisions/0035-slots-go-back.md";

    [Fact]
    public void A_trim_takes_these_steps_in_the_model_and_in_the_code()
    {
        string[] steps = ["count whole", "take", "raise", "discard", "list"];
        string model = Mutation().Replace(Repository.Read($"{Model.Folder}/discard.pml"), "$1");
        Assert.Equal(steps, Steps(model[model.IndexOf("#define CAN_TRIM", StringComparison.Ordinal)..]).Distinct());

        // The calls of Trim, with the steps of Discard in the place of its call.
        string trim = Method(nameof(SlotTable), nameof(SlotTable.Trim)).Replace(
            "SlotSlab.Discard(slab);", Method(nameof(SlotSlab), nameof(SlotSlab.Discard)), StringComparison.Ordinal);
        Assert.Equal(steps, Steps(trim));
    }

    [Fact]
    public void A_slot_is_made_again_with_its_generation_last()
    {
        string model = Repository.Read($"{Model.Folder}/discard.pml");
        Assert.Matches(@"STORE\(0, START, 0\);\s*STORE\(0, GEN, G\(n, Scoped\)\)", model);
        string made = Method(nameof(SlotSlab), nameof(SlotSlab.MakeAgain));
        Assert.Matches(@"\*slot = default;[^}]*slot->WriteGeneration\([^}]*\);\s*}", made);
    }

    [Fact]
    public void Each_word_of_a_slot_has_its_late_writers_listed()
    {
        string[] listed =
        [
            .. from Match row in Row().Matches(Repository.Read(Decision))
               from Match name in Name().Matches(row.Value)
               select name.Groups[1].Value,
        ];
        string[] words =
        [
            .. typeof(Slot).GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).Select(static field => field.Name),
            .. typeof(SlotTable).GetMethods(BindingFlags.Static | BindingFlags.Public)
                .Where(static method => method.ReturnType.IsByRef || method.ReturnType == typeof(ulong).MakePointerType())
                .Select(static method => method.Name),
        ];
        Assert.Equal(words.Order(), listed.Order());
    }

    private static string[] Steps(string text) =>
    [
        .. from Match step in Step().Matches(text)
           select step.Value switch
           {
               "s_wholeCount;" or "vacant == WHOLE" => "count whole",
               "HasMemory = false" or "place = TRIMMED" => "take",
               "_raised =" or "raised = R" => "raise",
               "Memory.Discard(" or "mem[GEN] = 0" => "discard",
               _ => "list",
           },
    ];

    private static string Method(string type, string name) => Repository.Source
        .Single(file => file.Path.EndsWith($"/{type}.cs", StringComparison.Ordinal))
        .Tree.DescendantNodes().OfType<MethodDeclarationSyntax>().Single(method => method.Identifier.Text == name).Body!.ToString();

    [GeneratedRegex(
        @"s_wholeCount;(?= i > 0)|vacant == WHOLE|HasMemory = false|place = TRIMMED|_raised =|raised = R"
        + @"|Memory\.Discard\(|mem\[GEN\] = 0|s_discarded = slab|place = DISCARDED")]
    private static partial Regex Step();

    /// <summary>The branches that are compiled with a mutation only.</summary>
    [GeneratedRegex(@"#ifdef \w+\n[^#]*?(?:#define .*\n)?(?:#else\n((?:(?!#endif)[^\n]*\n)*))?#endif")]
    private static partial Regex Mutation();

    [GeneratedRegex(@"(?<=\n\| )`[^|]*(?=\|)")]
    private static partial Regex Row();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Name();
}
