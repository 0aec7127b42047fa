using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Xml.Linq;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace NativeBuffers.Build;

/// <summary>
/// A build task: removes the entries of internal members from the XML documentation of an assembly.
/// The compiler writes an entry for each member that has a comment, and editors show public members only.
/// </summary>
/// <remarks><c>Directory.Build.targets</c> compiles this file during the build, against .NET Standard 2.0.</remarks>
public class KeepPublicDocumentation : Task
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>Each assembly is loaded once: two copies would have different types.</summary>
    private readonly Dictionary<string, Assembly> _found = new Dictionary<string, Assembly>();

    [Required]
    public string Documentation { get; set; }

    [Required]
    public string Assembly { get; set; }

    /// <summary>The assemblies that the assembly refers to: packages and projects.</summary>
    public string[] References { get; set; } = Array.Empty<string>();

    public override bool Execute()
    {
        AppDomain.CurrentDomain.AssemblyResolve += Find;
        try
        {
            KeepPublic();
            return true;
        }
        finally
        {
            AppDomain.CurrentDomain.AssemblyResolve -= Find;
        }
    }

    private void KeepPublic()
    {
        // A copy in memory: the build may replace the file afterwards.
        var assembly = System.Reflection.Assembly.Load(File.ReadAllBytes(Assembly));
        var visible = new HashSet<string>(assembly.GetTypes().Where(IsVisible).SelectMany(type => Members(type).Append("T:" + NameOf(type))));
        XDocument document = XDocument.Load(Documentation, LoadOptions.PreserveWhitespace);
        foreach (XElement member in document.Descendants("member").Where(member => !visible.Contains((string)member.Attribute("name"))).ToList())
        {
            (member.PreviousNode as XText)?.Remove();
            member.Remove();
        }

        document.Save(Documentation, SaveOptions.DisableFormatting);
    }

    /// <summary>An assembly that the assembly refers to. Those of a shared framework come from its folder: the SDK's own copies have no code.</summary>
    private Assembly Find(object sender, ResolveEventArgs request)
    {
        string file = new AssemblyName(request.Name).Name + ".dll";
        if (_found.TryGetValue(file, out Assembly known))
        {
            return known;
        }

        string frameworks = Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location), "..", "..");
        string found = References.FirstOrDefault(path => Path.GetFileName(path) == file && !path.Replace('\\', '/').Contains("/ref/"))
            ?? Directory.EnumerateFiles(frameworks, file, SearchOption.AllDirectories).OrderBy(path => path, StringComparer.Ordinal).LastOrDefault();
        return _found[file] = found is null ? null : System.Reflection.Assembly.Load(File.ReadAllBytes(found));
    }

    private static bool IsVisible(Type type) =>
        type.DeclaringType is null
            ? type.IsPublic
            : (type.IsNestedPublic || type.IsNestedFamily || type.IsNestedFamORAssem) && IsVisible(type.DeclaringType);

    private static bool IsVisible(MethodBase method) => method != null && (method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly);

    /// <summary>The documentation IDs of a type's public and protected members.</summary>
    private static IEnumerable<string> Members(Type type)
    {
        string prefix = NameOf(type) + ".";
        foreach (MemberInfo member in type.GetMembers(Declared))
        {
            switch (member)
            {
                case FieldInfo field when field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly:
                    yield return "F:" + prefix + field.Name;
                    break;
                case PropertyInfo property when IsVisible(property.GetMethod) || IsVisible(property.SetMethod):
                    yield return "P:" + prefix + property.Name + Parameters(property.GetIndexParameters());
                    break;
                case EventInfo @event when IsVisible(@event.AddMethod):
                    yield return "E:" + prefix + @event.Name;
                    break;
                case ConstructorInfo constructor when IsVisible(constructor):
                    yield return "M:" + prefix + "#ctor" + Parameters(constructor.GetParameters());
                    break;
                case MethodInfo method when IsVisible(method):
                    yield return "M:" + prefix + method.Name
                        + (method.IsGenericMethod ? "``" + method.GetGenericArguments().Length : "")
                        + Parameters(method.GetParameters())
                        + (method.Name == "op_Implicit" || method.Name == "op_Explicit" ? "~" + Reference(method.ReturnType) : "");
                    break;
            }
        }
    }

    private static string Parameters(ParameterInfo[] parameters) =>
        parameters.Length == 0 ? "" : "(" + string.Join(",", parameters.Select(parameter => Reference(parameter.ParameterType))) + ")";

    /// <summary>A type's name where it is declared: its type parameters are counted.</summary>
    private static string NameOf(Type type)
    {
        string outer = type.DeclaringType is null ? type.Namespace : NameOf(type.DeclaringType);
        return (string.IsNullOrEmpty(outer) ? "" : outer + ".") + type.Name;
    }

    /// <summary>A type's name where it is used: its type arguments are named. Documentation IDs leave function pointers out.</summary>
    private static string Reference(Type type)
    {
        if (type.HasElementType)
        {
            return Reference(type.GetElementType()) + (type.IsByRef ? "@" : type.IsPointer ? "*" : "[]");
        }

        if (type.IsGenericParameter)
        {
            return (type.DeclaringMethod is null ? "`" : "``") + type.GenericParameterPosition;
        }

        string[] arguments = type.GetGenericArguments().Select(Reference).ToArray();
        string name = type.FullName is null && arguments.Length == 0 ? "" : NameOf(type);
        return arguments.Length == 0 ? name : name.Substring(0, name.IndexOf('`')) + "{" + string.Join(",", arguments) + "}";
    }
}
